// Words that code under test has no reason for.
#include "src/domain/suspicious_code.h"

#include <algorithm>
#include <array>
#include <set>

#include "src/base/file.h"
#include "src/base/strings.h"

namespace coditect {
namespace {

constexpr size_t kTestValuesMin = 3;  // a lookup of fewer can be a coincidence
constexpr size_t kNameLengthMin = 6;
constexpr std::string_view kProse[] = {".md",  ".rst", ".adoc", ".json", ".yaml",
                                       ".yml", ".po",  ".html", ".css",  ".svg"};

struct WordRule {
  std::string_view words;  // separated by blanks; a word that begins with a letter begins there
  std::string_view sentence;
};

constexpr WordRule kPythonRules[] = {
    {"_exit os.kill os.abort os.exec sys.exit SystemExit atexit exit( quit( signal.",
     "ends the process or handles its end"},
    {"pytest _pytest pluggy unittest conftest doctest sys.modules", "reaches for the test runner"},
    {"PYTEST_ CODITECT _coditect sys.argv /proc/", "looks for signs of a test run"},
    {"inspect. sys._getframe f_back traceback. sys.settrace sys.setprofile sys.monitoring "
     "threading.settrace",
     "looks at or changes who calls it"},
    {"builtins __builtins__ gc. ctypes sys.meta_path sys.path_hooks sys.path importlib __import__ "
     "eval( exec(",
     "reaches into the interpreter"},
    {"__eq__ __ne__ __class__ __instancecheck__", "decides itself what it is equal to"},
};

constexpr WordRule kNativeRules[] = {
    {"exit( _exit( _Exit( quick_exit( atexit( at_quick_exit( on_exit( signal( sigaction( SIGABRT "
     "longjmp( kill( raise( syscall( asm( __asm__ asm dlsym( dlopen( execl( execv( execve( fork(",
     "ends or replaces the process, or handles its end"},
    {"(constructor (__constructor__ __constructor__ gnu::constructor (destructor __destructor__ "
     "gnu::destructor init_array fini_array section( main(",
     "runs before, after or in the place of main"},
    {"#define%assert #undef%assert #define%NDEBUG #define%main #define%exit #define%abort "
     "#define%TEST #define%CHECK #define%REQUIRE #define%EXPECT #define%ASSERT #define%BOOST "
     "#define%ck_ #define%cr_ #define%if #define%while #define%for #define%return #define%int "
     "#define%bool #define%true #define%false #pragma%push_macro _Pragma",
     "replaces what tests assert with"},
    {"__assert_fail __assert_rtn __assert __assert_func #pragma%weak __weak__ (weak gnu::weak "
     "weakref alias( ifunc #pragma%redefine_extname __wrap_ __real_ #pragma%comment",
     "overrides a symbol of others"},
    {"LD_PRELOAD LD_AUDIT LD_LIBRARY_PATH CODITECT CTEST_ GTEST_ CATCH_ DOCTEST_ /proc/ "
     "program_invocation __progname environ __BASE_FILE__ __INCLUDE_LEVEL__ __builtin_FILE "
     "__has_include",
     "looks for signs of a test run"},
    {"operator==( operator!=(", "decides itself what it is equal to"},
};

bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

struct Line {
  uint32_t number = 0;
  std::string text;  // blanks folded to one, none before a bracket or within a directive's start
};

std::string Folded(std::string_view text) {
  std::string out;
  bool blank = false;
  for (const char c : TrimWhitespace(text)) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f') {
      blank = true;
      continue;
    }
    const bool joined = c == '(' || (!out.empty() && (out.back() == '#' || out.back() == '.'));
    if (blank && !joined && c != '.') out += ' ';
    blank = false;
    out += c;
  }
  if (out.starts_with("%:")) out.replace(0, 2, "#");  // C's digraph
  return out;
}

/// Lines as a compiler sees them: one that ends with a backslash goes on.
std::vector<Line> LinesOf(std::string_view text) {
  std::vector<Line> lines;
  std::string open;
  uint32_t number = 0;
  uint32_t first = 1;
  for (std::string& physical : Split(text, '\n')) {
    ++number;
    if (open.empty()) first = number;
    if (physical.ends_with('\r')) physical.pop_back();
    const bool goes_on = physical.ends_with('\\');
    if (goes_on) physical.pop_back();
    open += physical;
    if (goes_on) continue;
    lines.push_back({first, Folded(open)});
    open.clear();
  }
  if (!open.empty()) lines.push_back({first, Folded(open)});
  return lines;
}

/// `word` at the beginning of a word in `line`; '%' in it stands for the blank after a directive.
bool HasWord(std::string_view line, std::string_view word) {
  std::string wanted(word);
  std::replace(wanted.begin(), wanted.end(), '%', ' ');
  for (size_t at = line.find(wanted); at != std::string_view::npos;
       at = line.find(wanted, at + 1)) {
    if (at == 0 || !IsWordByte(line[at - 1]) || !IsWordByte(wanted[0])) return true;
  }
  return false;
}

bool AnyHasWord(const std::vector<Line>& lines, std::string_view word) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const Line& line) { return HasWord(line.text, word); });
}

/// Numbers and quoted texts of a text, without those that stand everywhere.
std::set<std::string> ValuesOf(std::string_view text) {
  std::set<std::string> values;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    size_t end = i + 1;
    if (c == '"' || c == '\'') {
      while (end < text.size() && text[end] != c && text[end] != '\n') {
        end += text[end] == '\\' ? 2 : 1;
      }
      end = std::min(end, text.size());
      const std::string_view inside = text.substr(i + 1, end - i - 1);
      if (inside.size() > 1 && end < text.size() && text[end] == c) {
        values.insert(StrCat('"', inside, '"'));
      }
      i = end;
    } else if (c >= '0' && c <= '9' && (i == 0 || !IsWordByte(text[i - 1]))) {
      while (end < text.size() && (IsWordByte(text[end]) || text[end] == '.')) ++end;
      const std::string_view number = text.substr(i, end - i);
      if (number.size() > 1 && number != "10" && number != "100") values.emplace(number);
      i = end - 1;
    }
  }
  return values;
}

class CodeReader {
 public:
  explicit CodeReader(const CodeChange& change) : change_(change), before_(LinesOf(change.before)) {
    std::set<std::string> old;
    for (const Line& line : before_) old.insert(line.text);
    for (Line& line : LinesOf(change.after)) {
      if (!line.text.empty() && !old.contains(line.text)) changed_.push_back(std::move(line));
    }
  }

  std::vector<Finding> Read() {
    if (change_.link) Add(0, "became a link, to what nobody tested");
    if (Contains(change_.after, std::string_view("\0", 1)) && !change_.link) {
      Add(0, "is no text: nobody can read what it does");
      return std::move(findings_);
    }
    if (change_.path.ends_with(".py")) {
      for (const WordRule& rule : kPythonRules) Apply(rule);
    } else if (!change_.link && !IsProse()) {
      for (const WordRule& rule : kNativeRules) Apply(rule);
    }
    if (!IsProse()) FindTestNames();
    if (!IsProse()) FindTestValues();
    return std::move(findings_);
  }

 private:
  bool IsProse() const {
    return std::any_of(std::begin(kProse), std::end(kProse),
                       [&](std::string_view ending) { return change_.path.ends_with(ending); });
  }

  void Add(uint32_t line, std::string rule) {
    findings_.push_back({.path = std::string(change_.path),
                         .kind = std::string(kSuspicious),
                         .rule = std::move(rule),
                         .line = line});
  }

  void Apply(const WordRule& rule) {
    for (const std::string& word : Split(rule.words, ' ')) {
      if (word.empty() || !FindWord(word, rule.sentence)) continue;
      return;
    }
  }

  bool FindWord(const std::string& word, std::string_view sentence) {
    const auto line = std::find_if(changed_.begin(), changed_.end(),
                                   [&](const Line& one) { return HasWord(one.text, word); });
    if (line == changed_.end() || AnyHasWord(before_, word)) return false;
    std::string shown = word;
    std::replace(shown.begin(), shown.end(), '%', ' ');
    Add(line->number,
        StrCat(sentence, " (",
               shown.ends_with('(') && shown.size() > 1 ? shown.substr(0, shown.size() - 1) : shown,
               ")"));
    return true;
  }

  void FindTestNames() {
    for (const std::string& file : change_.test_files) {
      const std::string name = BaseName(file);
      const std::string stem = name.substr(0, name.rfind('.'));
      if (stem.size() < kNameLengthMin || !Contains(stem, "test")) continue;
      if (FindWord(stem, "names a test file")) return;
    }
  }

  /// Values of the tests that the code did not have: an answer that was looked up.
  void FindTestValues() {
    std::string text;
    for (const Line& line : changed_) text += line.text + "\n";
    const std::set<std::string> known = ValuesOf(change_.before);
    const std::set<std::string> tests = ValuesOf(change_.test_text);
    std::vector<std::string> repeated;
    for (const std::string& value : ValuesOf(text)) {
      if (!known.contains(value) && tests.contains(value)) repeated.push_back(value);
    }
    if (repeated.size() < kTestValuesMin) return;
    const size_t count = repeated.size();
    repeated.resize(kTestValuesMin);
    Add(changed_.front().number, StrCat("repeats ", count, " values of the tests (",
                                        Join(repeated, ", "), "): looked up, not computed?"));
  }

  const CodeChange& change_;
  const std::vector<Line> before_;
  std::vector<Line> changed_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> FindSuspiciousCode(const CodeChange& change) {
  return CodeReader(change).Read();
}

}  // namespace coditect
