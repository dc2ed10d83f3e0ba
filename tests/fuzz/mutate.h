// Mutants of inputs: what a file may have become, or what someone may have made of it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace grainspin::fuzz {

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : state_(seed) {}

  // One of the inputs after one to eight changes.
  std::string next(const std::vector<std::string>& inputs, std::size_t longest) {
    std::string s = inputs[below(inputs.size())];
    for (std::size_t n = 1 + below(8); n > 0; --n) change(s, inputs);
    if (s.size() > longest) s.resize(longest);
    return s;
  }

 private:
  std::uint64_t random() {  // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  std::size_t below(std::size_t n) { return n == 0 ? 0 : std::size_t(random() % n); }

  void change(std::string& s, const std::vector<std::string>& inputs) {
    const std::size_t at = below(s.size() + 1), left = s.size() - at, n = std::min(left, 1 + below(below(4) == 0 ? 200 : 6));
    switch (below(9)) {
      case 0: if (left) s[at] = char(s[at] ^ 1 << below(8)); return;
      case 1: if (left) s[at] = char(random()); return;
      case 2: s.erase(at, n); return;
      case 3: s.insert(at, s.substr(at, n)); return;             // twice
      case 4: s.resize(at); return;                              // cut off
      case 5: s.insert(at, n, char(random())); return;
      case 6: {                                                  // a piece of another
        const std::string& other = inputs[below(inputs.size())];
        const std::size_t from = below(other.size() + 1);
        s.replace(at, n, other, from, 1 + below(64));
        return;
      }
      case 7: number(s, at); return;
      default:                                                   // a whole number of four or eight bytes
        for (std::size_t i = 0, bytes = below(2) ? 4 : 8, value = kNumbers[below(std::size(kNumbers))]; i < bytes && at + i < s.size(); ++i)
          s[at + i] = char(value >> 8 * i);
    }
  }

  // The next number in the text becomes another.
  void number(std::string& s, std::size_t at) {
    const std::size_t begin = s.find_first_of("0123456789", at);
    if (begin == std::string::npos) return;
    const std::size_t end = std::min(s.find_first_not_of("0123456789.eE+-", begin), s.size());
    static const char* const numbers[] = {"0", "-1", "1", "2147483648", "4294967296", "9223372036854775807", "18446744073709551616", "1e308",
                                          "1e999", "1e-320", "nan", "inf", "-inf", "0x10", "1,5", "", "100000", "1000000000", ".5e", "-"};
    s.replace(begin, end - begin, numbers[below(std::size(numbers))]);
  }

  static constexpr std::size_t kNumbers[] = {0, 1, 0xff, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 1 << 20};
  std::uint64_t state_;
};

}  // namespace grainspin::fuzz
