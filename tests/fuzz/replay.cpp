// The targets without libFuzzer: every file of the corpus and every seed as it is, then mutants of them for a bounded time.
// The mutants are the same on every machine; how many are tried depends on its speed.
//   fuzz_replay TARGET CORPUS_FOLDER [SECONDS] [LARGEST_ALLOCATION_MB]     fuzz_replay TARGET --input FILE
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>
#include <unistd.h>

#include "fuzz.h"
#include "mutate.h"

namespace {

using grainspin::fuzz::Target;

std::size_t largest_allocation = std::size_t(256) << 20;
std::string current;  // the input that is run, for the report

[[noreturn]] void report(const char* what) {
  const char* path = "fuzz_failure.bin";
  if (std::FILE* f = std::fopen(path, "wb")) {
    std::fwrite(current.data(), 1, current.size(), f);
    std::fclose(f);
  }
  std::fprintf(stderr, "fuzz_replay: %s with %zu bytes of input, kept as %s\n", what, current.size(), path);
  std::_Exit(1);
}

void on_signal(int signal) { report(signal == SIGALRM ? "no end after 20 s" : signal == SIGSEGV ? "memory fault" : "abnormal end"); }

double seconds() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

void run(const Target& target, const std::string& input) {
  current = input;
  ::alarm(20);
  try {
    grainspin::fuzz::run(target, {reinterpret_cast<const std::uint8_t*>(input.data()), input.size()});
  } catch (const std::bad_alloc&) {
    report("an allocation without bounds");
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    report("an exception that is no error for input");
  }
  ::alarm(0);
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

// Readers are not to ask for more than their input can fill.
void* operator new(std::size_t size) {
  if (size > largest_allocation) {
    std::fprintf(stderr, "%zu bytes asked for\n", size);
    throw std::bad_alloc();
  }
  if (void* p = std::malloc(size ? size : 1)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

int main(int argc, char** argv) {
  const Target* target = nullptr;
  for (const Target& t : grainspin::fuzz::targets())
    if (argc > 1 && std::string_view(argv[1]) == t.name) target = &t;
  if (!target || argc < 3) {
    std::fprintf(stderr, "fuzz_replay TARGET CORPUS [SECONDS [MB]], or TARGET --input FILE; targets:");
    for (const Target& t : grainspin::fuzz::targets()) std::fprintf(stderr, " %s", t.name);
    std::fprintf(stderr, "\n");
    return 2;
  }
  for (const int s : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS, SIGALRM}) std::signal(s, on_signal);
  std::set_terminate([] { report("an unhandled exception"); });
  if (std::string_view(argv[2]) == "--input") {
    run(*target, bytes_of(argv[3]));
    std::printf("%s: %s is answered\n", target->name, argv[3]);
    return 0;
  }
  std::vector<std::string> inputs = target->seeds ? target->seeds() : std::vector<std::string>{};
  std::vector<std::filesystem::path> files;
  if (std::filesystem::is_directory(argv[2]))
    for (const auto& entry : std::filesystem::directory_iterator(argv[2])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) inputs.push_back(bytes_of(file));
  if (inputs.empty()) {
    std::fprintf(stderr, "fuzz_replay: no input for %s in %s\n", target->name, argv[2]);
    return 2;
  }
  const double limit = argc > 3 ? std::atof(argv[3]) : 1, start = seconds();
  if (argc > 4) largest_allocation = std::size_t(std::atof(argv[4])) << 20;
  for (const std::string& input : inputs) run(*target, input);
  grainspin::fuzz::Mutator mutator(1);
  std::int64_t mutants = 0;
  for (; seconds() - start < limit; ++mutants) run(*target, mutator.next(inputs, target->longest));
  std::printf("%s: %zu inputs, %lld mutants in %.1f s\n", target->name, inputs.size(), static_cast<long long>(mutants), seconds() - start);
  return 0;
}
