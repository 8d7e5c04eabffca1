#include "guest/slots.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace optlab::guest {
namespace {

OPTLAB_GUEST_SLOT(float, sum_of, (const float* x, int n));
OPTLAB_GUEST_SLOT(int, one, ());

int two() { return 2; }

TEST(GuestSlots, AreListedWithTheirDeclarationAsALineOfC) {
  ASSERT_EQ(slots().size(), 2U);
  EXPECT_EQ(guest_sum_of.declaration(), "float sum_of(const float* x, int n)");
  EXPECT_EQ(guest_sum_of.name(), "sum_of");
}

TEST(GuestSlots, CallWhatIsInThem) {
  EXPECT_FALSE(guest_one);
  install("one", reinterpret_cast<Function>(two));
  ASSERT_TRUE(guest_one);
  EXPECT_EQ(guest_one(), 2);
  guest_sum_of.install([](const float* x, int n) { return x[0] + x[n - 1]; });
  const float x[] = {1.0F, 5.0F, 3.0F};
  EXPECT_EQ(guest_sum_of(x, 3), 4.0F);
  clear();
  EXPECT_FALSE(guest_one || guest_sum_of);
}

TEST(GuestSlots, AreNamedWhenThereIsNoSuchOne) {
  try {
    install("two", nullptr);
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "there is no slot for a guest called 'two' (allowed: sum_of, one)");
  }
}

}  // namespace
}  // namespace optlab::guest
