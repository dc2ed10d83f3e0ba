// grainspin: the program. An Error becomes one line on stderr and its code as exit status.
#include <csignal>
#include <cstdio>
#include <new>

#include "grainspin/core.h"
#include "src/cli/calibrate.h"
#include "src/cli/ensemble.h"
#include "src/cli/quiet_exit.h"
#include "src/cli/verbs.h"

namespace {
volatile std::sig_atomic_t stop_signal = 0;
void on_signal(int signal) { stop_signal = signal; }
}  // namespace

namespace grainspin::cli {
bool stop_requested() { return stop_signal != 0; }
}  // namespace grainspin::cli

int main(int argc, char** argv) {
  using namespace grainspin;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);

  CLI::App app{"grainspin: crystal plasticity surrogates - train, predict, judge", "grainspin"};
  app.set_version_flag("--version", cli::version_text, "what was built and what this machine offers");
  app.require_subcommand(1);
  cli::add_inspect(app);
  cli::add_convert(app);
  cli::add_make(app);
  cli::add_train(app);
  cli::add_domain(app);
  cli::add_calibrate(app);
  cli::add_ensemble(app);
  cli::add_predict(app);
  cli::add_evaluate(app);
  cli::add_slip_rates(app);
  cli::add_interactions(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& e) {
    const auto extra = app.remaining();
    if (!app.get_subcommands().empty() || extra.empty()) return app.exit(e), int(Errc::kArgument);
    std::fprintf(stderr, "grainspin: no verb '%s'; --help lists them\n", extra.front().c_str());
    return int(Errc::kArgument);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : int(Errc::kArgument);
  } catch (const cli::QuietExit& e) {
    return e.status;
  } catch (const Error& e) {
    std::fprintf(stderr, "grainspin: %s\n", e.what());
    return int(e.code());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "grainspin: out of memory\n");
    return int(Errc::kMemory);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "grainspin: internal error: %s\n", e.what());
    return int(Errc::kInternal);
  }
  return 0;
}
