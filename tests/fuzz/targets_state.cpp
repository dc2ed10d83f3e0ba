// Saved states of the C interface, their checksum made right again, so that what lies behind it is reached.
#include <cstring>
#include <stdexcept>

#include "grainspin/grainspin.h"
#include "src/checksum.h"
#include "targets.h"

namespace grainspin::fuzz {
namespace {

void expect(grainspin_status status) {
  if (status != GRAINSPIN_OK) throw std::runtime_error(grainspin_last_error());
}

// Loaded once: a local and a nonlocal model.
const std::vector<grainspin_model*>& models() {
  static const std::vector<grainspin_model*> loaded = [] {
    std::vector<grainspin_model*> out;
    grainspin_model_options options;
    expect(grainspin_model_options_init(&options, sizeof options));
    options.device = GRAINSPIN_HOST, options.threads = 1;
    for (const std::string& file : model_files()) {
      out.emplace_back();
      expect(grainspin_model_load(scratch_file("state.safetensors", file).c_str(), &options, &out.back()));
    }
    return out;
  }();
  return loaded;
}

std::string saved(const grainspin_model* model) {
  grainspin_state_options options;
  expect(grainspin_state_options_init(&options, sizeof options));
  float q[4 * 12];
  std::uint8_t kept[12];
  for (int i = 0; i < 12; ++i) {
    const float turned[4] = {0.8f, 0.6f * float(i % 2), 0, 0.6f * float(1 - i % 2)};
    std::memcpy(q + 4 * i, turned, sizeof turned);
    kept[i] = i != 5;
  }
  grainspin_array orientation{}, mask{};
  orientation.data = q, orientation.count = 48;
  mask.data = kept, mask.count = 12, mask.type = GRAINSPIN_UINT8;
  options.extent[0] = 3, options.extent[1] = 2, options.extent[2] = 2;
  options.orientation = &orientation, options.mask = &mask;
  grainspin_state* state = nullptr;
  expect(grainspin_state_create(model, &options, &state));
  expect(grainspin_advance(state, 1, nullptr, nullptr, nullptr));
  std::int64_t bytes = 0;
  expect(grainspin_state_save_memory(state, nullptr, 0, &bytes));
  std::string out(std::size_t(bytes), '\0');
  expect(grainspin_state_save_memory(state, out.data(), bytes, &bytes));
  grainspin_state_free(state);
  return out;
}

}  // namespace

// The first byte chooses the model, the second whether the checksum is made right.
void saved_state(Bytes input) {
  if (input.size() < 2) return;
  const grainspin_model* model = models()[input[0] % models().size()];
  std::string bytes = text(input.subspan(2));
  if (input[1] % 8 != 0 && bytes.size() > 8) {
    Checksum sum;
    sum.add(bytes.data(), bytes.size() - 8);
    const std::uint64_t value = sum.value();
    std::memcpy(bytes.data() + bytes.size() - 8, &value, 8);
  }
  grainspin_state* state = nullptr;
  const grainspin_status status = grainspin_state_restore_memory(model, bytes.data(), std::int64_t(bytes.size()), nullptr, &state);
  if (status == GRAINSPIN_OK) {
    grainspin_state_info info{};
    info.size = sizeof info;
    expect(grainspin_state_query(state, &info));
    grainspin_advance(state, 1, nullptr, nullptr, nullptr);
    grainspin_state_free(state);
  } else if (status == GRAINSPIN_ERROR_INTERNAL || state || !*grainspin_last_error()) {
    throw std::logic_error(std::string("not an error for input: ") + grainspin_last_error());
  }
}

std::vector<std::string> state_seeds() {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < models().size(); ++i) out.push_back(std::string{char(i), 1} + saved(models()[i]));
  return out;
}

}  // namespace grainspin::fuzz
