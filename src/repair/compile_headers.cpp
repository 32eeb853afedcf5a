// Names of the standard libraries of C and C++ with their headers, as data.
#include <algorithm>

#include "src/base/strings.h"
#include "src/repair/compile_rule.h"

namespace coditect::repair {
namespace {

struct HeaderNames {
  std::string_view header;
  std::string_view names;  // between blanks
};

constexpr HeaderNames kCppHeaders[] = {
    {"vector", " vector "},
    {"string",
     " string basic_string to_string stoi stol stoll stoul stoull stof stod getline "
     "wstring u16string u32string char_traits "},
    {"string_view", " string_view basic_string_view "},
    {"map", " map multimap "},
    {"set", " set multiset "},
    {"unordered_map", " unordered_map unordered_multimap "},
    {"unordered_set", " unordered_set unordered_multiset "},
    {"deque", " deque "},
    {"list", " list "},
    {"forward_list", " forward_list "},
    {"array", " array "},
    {"queue", " queue priority_queue "},
    {"stack", " stack "},
    {"bitset", " bitset "},
    {"span", " span "},
    {"iostream", " cout cerr cin clog "},
    {"ostream", " ostream endl flush "},
    {"istream", " istream "},
    {"sstream", " stringstream ostringstream istringstream stringbuf "},
    {"fstream", " ifstream ofstream fstream "},
    {"iomanip", " setw setprecision setfill put_time get_time quoted setbase "},
    {"ios", " ios ios_base fixed hex dec scientific boolalpha "},
    {"algorithm",
     " sort stable_sort partial_sort nth_element find find_if find_if_not count count_if "
     "all_of any_of none_of for_each transform copy copy_if fill fill_n generate remove "
     "remove_if unique reverse rotate shuffle max min minmax clamp max_element "
     "min_element minmax_element lower_bound upper_bound equal_range binary_search merge "
     "set_union set_intersection set_difference replace replace_if swap_ranges partition "
     "next_permutation prev_permutation equal mismatch search is_sorted "
     "lexicographical_compare push_heap pop_heap make_heap "},
    {"numeric",
     " accumulate iota inner_product partial_sum adjacent_difference gcd lcm reduce "
     "midpoint "},
    {"memory",
     " unique_ptr shared_ptr weak_ptr make_unique make_shared allocator "
     "enable_shared_from_this addressof static_pointer_cast dynamic_pointer_cast "},
    {"utility",
     " pair make_pair move forward swap exchange index_sequence make_index_sequence "
     "declval in_place "},
    {"tuple", " tuple make_tuple tie get apply "},
    {"functional",
     " function bind hash less greater equal_to plus minus multiplies ref cref "
     "reference_wrapper invoke mem_fn placeholders "},
    {"optional", " optional nullopt make_optional nullopt_t "},
    {"variant", " variant visit monostate holds_alternative get_if "},
    {"any", " any any_cast "},
    {"stdexcept",
     " runtime_error logic_error invalid_argument out_of_range length_error domain_error "
     "overflow_error underflow_error range_error "},
    {"exception", " exception terminate exception_ptr current_exception rethrow_exception "},
    {"new", " bad_alloc nothrow "},
    {"typeinfo", " type_info bad_cast "},
    {"system_error", " error_code system_error errc "},
    {"limits", " numeric_limits "},
    {"iterator",
     " back_inserter inserter front_inserter istream_iterator ostream_iterator "
     "istreambuf_iterator distance advance next prev begin end make_move_iterator "
     "reverse_iterator "},
    {"thread", " thread this_thread "},
    {"mutex", " mutex lock_guard unique_lock scoped_lock recursive_mutex call_once once_flag "},
    {"shared_mutex", " shared_mutex shared_lock "},
    {"condition_variable", " condition_variable "},
    {"atomic", " atomic atomic_flag memory_order "},
    {"future", " future promise async packaged_task "},
    {"chrono", " chrono "},
    {"regex", " regex regex_match regex_search regex_replace smatch "},
    {"random",
     " mt19937 random_device uniform_int_distribution uniform_real_distribution "
     "normal_distribution default_random_engine "},
    {"filesystem", " filesystem "},
    {"complex", " complex "},
    {"ratio", " ratio "},
    {"initializer_list", " initializer_list "},
    {"type_traits",
     " enable_if enable_if_t is_same is_same_v conditional conditional_t decay decay_t "
     "is_integral is_floating_point remove_reference remove_reference_t true_type "
     "false_type is_base_of_v is_integral_v is_arithmetic_v underlying_type_t "
     "make_unsigned_t "},
    {"charconv", " from_chars to_chars "},
};

constexpr HeaderNames kCHeaders[] = {
    {"stdio.h",
     " printf fprintf sprintf snprintf vprintf vfprintf vsnprintf scanf sscanf fscanf "
     "puts fputs putchar putc fputc getchar getc fgetc fgets fopen fclose fread fwrite "
     "fseek ftell fflush rewind feof ferror perror rename tmpfile FILE stdin stdout "
     "stderr EOF SEEK_SET SEEK_CUR SEEK_END BUFSIZ setvbuf "},
    {"stdlib.h",
     " malloc calloc realloc free exit abort atexit atoi atol atoll atof strtol strtoul "
     "strtoll strtoull strtod strtof rand srand qsort bsearch abs labs llabs getenv "
     "system div ldiv EXIT_SUCCESS EXIT_FAILURE RAND_MAX "},
    {"string.h",
     " strlen strcpy strncpy strcat strncat strcmp strncmp strchr strrchr strstr strtok "
     "strdup strspn strcspn strpbrk strerror memcpy memmove memset memcmp memchr strnlen "
     "strcoll "},
    {"strings.h", " strcasecmp strncasecmp "},
    {"ctype.h",
     " isalpha isdigit isalnum isspace isupper islower ispunct isxdigit isprint iscntrl "
     "isgraph toupper tolower "},
    {"math.h",
     " sqrt cbrt pow exp exp2 log log2 log10 sin cos tan asin acos atan atan2 sinh cosh "
     "tanh floor ceil round trunc fabs fmod fmin fmax hypot lround llround isnan isinf "
     "isfinite NAN INFINITY M_PI ldexp frexp modf nan signbit copysign "},
    {"stdint.h",
     " int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t "
     "uintptr_t intmax_t uintmax_t INT8_MAX INT16_MAX INT32_MAX INT32_MIN INT64_MAX "
     "INT64_MIN UINT8_MAX UINT16_MAX UINT32_MAX UINT64_MAX SIZE_MAX "},
    {"stddef.h", " size_t ptrdiff_t NULL offsetof max_align_t "},
    {"stdbool.h", " bool true false "},
    {"limits.h",
     " INT_MAX INT_MIN UINT_MAX LONG_MAX LONG_MIN ULONG_MAX CHAR_BIT CHAR_MAX CHAR_MIN "
     "SHRT_MAX LLONG_MAX LLONG_MIN ULLONG_MAX PATH_MAX "},
    {"float.h", " DBL_MAX DBL_MIN DBL_EPSILON FLT_MAX FLT_MIN FLT_EPSILON "},
    {"errno.h", " errno EINVAL ENOMEM ENOENT EINTR EAGAIN ERANGE EIO EEXIST "},
    {"assert.h", " assert static_assert "},
    {"time.h",
     " time clock time_t clock_t difftime mktime localtime gmtime strftime CLOCKS_PER_SEC "
     "nanosleep clock_gettime timespec CLOCK_MONOTONIC "},
    {"stdarg.h", " va_list va_start va_end va_arg va_copy "},
    {"signal.h", " signal raise SIGINT SIGTERM SIGSEGV SIG_IGN SIG_DFL sigaction "},
    {"setjmp.h", " setjmp longjmp jmp_buf "},
    {"unistd.h",
     " read write close lseek unlink access getpid fork execvp pipe dup2 sleep usleep "
     "isatty ssize_t getopt optarg optind STDIN_FILENO STDOUT_FILENO STDERR_FILENO "
     "ftruncate "},
    {"fcntl.h", " open O_RDONLY O_WRONLY O_RDWR O_CREAT O_TRUNC O_APPEND "},
    {"sys/types.h", " pid_t off_t mode_t uid_t "},
    {"sys/stat.h", " stat fstat mkdir chmod S_ISDIR S_ISREG "},
    {"locale.h", " setlocale LC_ALL "},
    {"wchar.h", " wcslen wchar_t wint_t "},
    {"inttypes.h", " PRId64 PRIu64 PRIx64 PRId32 PRIu32 strtoimax "},
    {"pthread.h",
     " pthread_t pthread_create pthread_join pthread_mutex_t pthread_mutex_lock "
     "pthread_mutex_unlock "},
};
/// In C++ the same under another name; <sys/…> and POSIX's keep theirs.
constexpr std::string_view kRenamed =
    " stdio.h stdlib.h string.h ctype.h math.h stdint.h stddef.h limits.h float.h errno.h assert.h "
    "time.h stdarg.h signal.h setjmp.h locale.h wchar.h inttypes.h ";

constexpr std::string_view kMembers =
    " size length empty push_back pop_back emplace_back push_front pop_front emplace insert erase "
    "clear find count contains at front back begin end rbegin rend cbegin cend data c_str substr "
    "append assign resize reserve capacity compare starts_with ends_with rfind find_first_of "
    "find_last_of find_first_not_of find_last_not_of push pop top swap first second get reset "
    "release lock unlock try_lock str join detach joinable load store value has_value value_or "
    "lower_bound upper_bound equal_range open close is_open good eof fail what ";

constexpr std::string_view kCppRenames[] = {"cstdio",  "cstdlib", "cstring",  "cctype",  "cmath",
                                            "cstdint", "cstddef", "climits",  "cfloat",  "cerrno",
                                            "cassert", "ctime",   "cstdarg",  "csignal", "csetjmp",
                                            "clocale", "cwchar",  "cinttypes"};

std::vector<std::string_view> WordsIn(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t at = text.find_first_not_of(' '); at < text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(' ', end);
  }
  return words;
}

std::string_view InCpp(std::string_view header) {
  if (!Contains(kRenamed, StrCat(" ", header, " "))) return header;
  const std::string stem(header.substr(0, header.size() - 2));
  for (const std::string_view one : kCppRenames) {
    if (one.substr(1) == stem) return one;
  }
  return header;
}

}  // namespace

std::string_view StandardHeader(std::string_view name, bool cpp) {
  const std::string word = StrCat(" ", name, " ");
  if (cpp) {
    for (const HeaderNames& one : kCppHeaders) {
      if (Contains(one.names, word)) return one.header;
    }
  }
  for (const HeaderNames& one : kCHeaders) {
    if (cpp && one.header == "stdbool.h") continue;
    if (Contains(one.names, word)) return cpp ? InCpp(one.header) : one.header;
  }
  return "";
}

bool IsInStd(std::string_view name) {
  const std::string word = StrCat(" ", name, " ");
  for (const HeaderNames& one : kCppHeaders) {
    if (Contains(one.names, word)) return true;
  }
  return false;
}

std::vector<std::string_view> StandardNames(bool cpp) {
  std::vector<std::string_view> all;
  for (const HeaderNames& one : kCHeaders) {
    for (const std::string_view word : WordsIn(one.names)) all.push_back(word);
  }
  if (!cpp) return all;
  for (const HeaderNames& one : kCppHeaders) {
    for (const std::string_view word : WordsIn(one.names)) all.push_back(word);
  }
  return all;
}

std::vector<std::string_view> StandardMembers() { return WordsIn(kMembers); }

std::vector<std::string_view> StandardHeaders(bool cpp) {
  std::vector<std::string_view> all;
  for (const HeaderNames& one : kCHeaders) all.push_back(cpp ? InCpp(one.header) : one.header);
  if (!cpp) return all;
  for (const HeaderNames& one : kCppHeaders) all.push_back(one.header);
  return all;
}

}  // namespace coditect::repair
