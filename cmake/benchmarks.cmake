# The C++ programs of benchmarks/: built by name (`./dev bench`), never by default.
add_library(coditect_bench_support STATIC EXCLUDE_FROM_ALL
  benchmarks/support/measure.cpp benchmarks/support/mutable_queue.cpp
  benchmarks/support/scripted_agent.cpp benchmarks/support/cxx_project.cpp)
target_link_libraries(coditect_bench_support PUBLIC coditect_adapters_memory
  coditect_adapters_sqlite coditect_orchestrator coditect_task_queue)

# benchmark(name DEPS ...): benchmarks/<name>.cpp as bench_<name>.
function(benchmark name)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  add_executable(bench_${name} EXCLUDE_FROM_ALL benchmarks/${name}.cpp)
  target_link_libraries(bench_${name} PRIVATE coditect_bench_support ${ARG_DEPS})
endfunction()

benchmark(ledger)
benchmark(fold DEPS coditect_adapters_localfs)
benchmark(filter DEPS coditect_adapters_python_testing coditect_repair)
benchmark(alternatives DEPS coditect_adapters_native coditect_adapters_python_testing)
benchmark(analysis DEPS coditect_adapters_native coditect_analysis)
benchmark(warm_workspace DEPS coditect_adapters_native coditect_adapters_process)
