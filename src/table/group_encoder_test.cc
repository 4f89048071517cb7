#include "table/group_encoder.h"

#include <gtest/gtest.h>

#include <atomic>

namespace loanstream {
namespace {

TEST(GroupEncoder, DoesOneAfterTheOther) {
    for (bool has_thread : {false, true}) {
        SCOPED_TRACE(has_thread);
        std::vector<int> done;
        std::atomic<int> at_once{0};
        {
            GroupEncoder encoder(has_thread);
            for (int i = 0; i < 100; ++i)
                ASSERT_TRUE(encoder.begin([&done, &at_once, i]() -> Result<void> {
                    EXPECT_EQ(at_once++, 0);
                    done.push_back(i);
                    --at_once;
                    return {};
                }));
            ASSERT_TRUE(encoder.wait());
            EXPECT_EQ(done.size(), 100u);
            ASSERT_TRUE(encoder.begin([&done]() -> Result<void> {
                done.push_back(100);
                return {};
            }));
        }
        ASSERT_EQ(done.size(), 101u);  // the end waits for what is under way
        for (int i = 0; i <= 100; ++i) EXPECT_EQ(done[static_cast<std::size_t>(i)], i);
    }
}

TEST(GroupEncoder, TheLineGoesOnMeanwhile) {
    GroupEncoder encoder(true);
    std::mutex gate;
    gate.lock();
    auto waits = [&]() -> Result<void> {
        std::lock_guard lock(gate);
        return {};
    };
    ASSERT_TRUE(encoder.begin(waits));  // returns although the work cannot end
    gate.unlock();
    EXPECT_TRUE(encoder.wait());
}

TEST(GroupEncoder, AnErrorIsGivenAndStays) {
    for (bool has_thread : {false, true}) {
        SCOPED_TRACE(has_thread);
        GroupEncoder encoder(has_thread);
        auto begun = encoder.begin([]() -> Result<void> {
            return fail(ErrorCode::kOutside, "no space left on device", "/w/staging/f");
        });
        EXPECT_EQ(begun.has_value(), has_thread);
        bool is_run = false;
        for (int i = 0; i < 2; ++i) {
            auto later = encoder.begin([&]() -> Result<void> {
                is_run = true;
                return {};
            });
            ASSERT_FALSE(later);
            EXPECT_EQ(later.error().what, "no space left on device");
        }
        EXPECT_FALSE(encoder.wait());
        EXPECT_FALSE(is_run);
    }
}

}  // namespace
}  // namespace loanstream
