// Threads in lock step: one at a time goes on, in the order asked for; errors and ends come to whoever asks.
#include "turns.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace grainspin {
namespace {

TEST(Turns, OneAtATimeInTheOrderAskedFor) {
  std::string said;  // not guarded: whose turn it is alone may touch it
  {
    Turns turns(3, [&](int i, const std::function<void()>& pause) {
      for (int t = 0; t < 2; ++t) {
        said += char('0' + i);
        said += char('a' + t);
        pause();
      }
      said += '.';
    });
    EXPECT_EQ(said, "");  // nobody begins unasked
    EXPECT_TRUE(turns.go_on(2));
    EXPECT_TRUE(turns.go_on(1));
    EXPECT_TRUE(turns.go_on(2));
    EXPECT_EQ(said, "2a1a2b");
    EXPECT_FALSE(turns.go_on(2));  // comes to its end
    EXPECT_FALSE(turns.go_on(2));
    EXPECT_EQ(said, "2a1a2b.");
  }  // number 1 is ended where it waits
  EXPECT_EQ(said, "2a1a2b.");
}

TEST(Turns, ErrorsComeToWhoeverAsks) {
  Turns turns(3, [&](int i, const std::function<void()>& pause) {
    pause();
    if (i == 1) throw std::runtime_error("one");
    pause();
  });
  EXPECT_TRUE(turns.go_on(1));
  EXPECT_TRUE(turns.go_on(2));
  try {
    turns.go_on(1);
    ADD_FAILURE() << "no error";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "one");
  }
  EXPECT_FALSE(turns.go_on(1));
  EXPECT_TRUE(turns.go_on(2));
}

TEST(Turns, EndWithoutABeginning) {
  for (int repeat = 0; repeat < 50; ++repeat) {
    bool ran = false;
    { Turns turns(4, [&](int, const std::function<void()>&) { ran = true; }); }
    EXPECT_FALSE(ran);
  }
  Turns alone(1, [](int, const std::function<void()>&) { FAIL(); });  // the thread that made it alone
}

}  // namespace
}  // namespace grainspin
