#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "base/env.h"
#include "base/file_store.h"
#include "base/memory_env.h"

namespace loanstream {
namespace {

// The same tests run on the machine and on the machine in memory: they must agree.
class Envs : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (GetParam()) {
            env_ = std::make_unique<MemoryEnv>();
            folder_ = "/folder";
            ASSERT_TRUE(env_->make_folders(folder_));
            return;
        }
        env_ = make_system_env();
        folder_ = testing::TempDir() + "loanstream-XXXXXX";
        ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
    }
    void TearDown() override {
        if (!GetParam()) std::filesystem::remove_all(folder_);
    }
    std::string path(std::string_view name) const { return join_path(folder_, name); }
    void write(std::string_view name, std::string_view bytes) {
        auto file = env_->append_file(path(name));
        ASSERT_TRUE(file) << file.error().line();
        ASSERT_TRUE((*file)->append(bytes));
        ASSERT_TRUE((*file)->sync());
        ASSERT_TRUE((*file)->close());
    }
    std::string read(std::string_view name) {
        auto bytes = env_->read_whole(path(name), 1 << 20);
        return bytes ? *bytes : "(" + std::string(name_of(bytes.error().code)) + ")";
    }

    std::unique_ptr<Env> env_;
    std::string folder_;
};

INSTANTIATE_TEST_SUITE_P(Both, Envs, testing::Bool(),
                         [](const auto& which) { return which.param ? "Memory" : "System"; });

TEST_P(Envs, FilesAreMadeOnceAppendedAndCut) {
    auto file = env_->create_file(path("a"));
    ASSERT_TRUE(file);
    EXPECT_TRUE((*file)->append("one"));
    EXPECT_TRUE((*file)->close());
    EXPECT_EQ(env_->create_file(path("a")).error().code, ErrorCode::kAlreadyThere);
    EXPECT_EQ(env_->create_file(path("none/a")).error().code, ErrorCode::kNotFound);
    write("a", "two");
    EXPECT_EQ(read("a"), "onetwo");
    EXPECT_TRUE(env_->truncate(path("a"), 4));
    EXPECT_EQ(read("a"), "onet");
    EXPECT_EQ(env_->read_whole(path("a"), 3).error().code, ErrorCode::kInvalidData);
    EXPECT_EQ(*env_->read_whole(path("a"), 4), "onet");
    EXPECT_EQ(read("b"), "(not_found)");
    auto open = env_->read_file(path("a"));
    ASSERT_TRUE(open);
    char room[8];
    EXPECT_EQ(*(*open)->read_at(1, room), 3u);
    EXPECT_EQ(std::string_view(room, 3), "net");
    EXPECT_EQ(*(*open)->read_at(9, room), 0u);
    EXPECT_EQ(*(*open)->size(), 4u);
}

TEST_P(Envs, RenamesReplaceOnlyWhenAsked) {
    write("a", "a");
    write("b", "b");
    EXPECT_EQ(env_->rename_noreplace(path("a"), path("b")).error().code, ErrorCode::kAlreadyThere);
    EXPECT_EQ(env_->rename_noreplace(path("x"), path("y")).error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(env_->rename_noreplace(path("a"), path("c")));
    EXPECT_EQ(read("a") + read("b") + read("c"), "(not_found)ba");
    EXPECT_TRUE(env_->replace(path("b"), path("c")));
    EXPECT_EQ(read("c"), "b");
    EXPECT_TRUE(env_->hard_link(path("c"), path("d")));
    EXPECT_EQ(env_->hard_link(path("c"), path("d")).error().code, ErrorCode::kAlreadyThere);
    EXPECT_TRUE(env_->remove_file(path("c")));
    EXPECT_EQ(env_->remove_file(path("c")).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(read("d"), "b");
}

TEST_P(Envs, FoldersAreListedAndExchanged) {
    EXPECT_EQ(env_->list(path("none")).error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(env_->make_folders(path("x/y/z")));
    EXPECT_TRUE(env_->make_folders(path("x/y/z")));
    EXPECT_TRUE(env_->make_folders(path("w")));
    write("x/f", "1234");
    EXPECT_FALSE(env_->make_folders(path("x/f")));
    EXPECT_FALSE(env_->make_folders(path("x/f/g")));
    auto files = env_->list(path("x"));
    ASSERT_TRUE(files);
    std::ranges::sort(*files, {}, &FileInfo::name);
    ASSERT_EQ(files->size(), 2u);
    EXPECT_EQ((*files)[0].name, "f");
    EXPECT_EQ((*files)[0].bytes, 4u);
    EXPECT_FALSE((*files)[0].is_folder);
    EXPECT_EQ((*files)[1].name, "y");
    EXPECT_TRUE((*files)[1].is_folder);
    EXPECT_TRUE(env_->exchange(path("x"), path("w")));
    EXPECT_EQ(read("w/f"), "1234");
    EXPECT_TRUE(env_->list(path("x"))->empty());
    EXPECT_TRUE(env_->sync_folder(path("w")));
    EXPECT_EQ(env_->sync_folder(path("none")).error().code, ErrorCode::kNotFound);
    EXPECT_FALSE(*env_->stat(path("none")));
    EXPECT_TRUE((*env_->stat(path("w")))->is_folder);
    EXPECT_EQ((*env_->stat(path("w/f")))->bytes, 4u);
    EXPECT_TRUE(env_->remove_folder(path("x")));
}

TEST_P(Envs, LocksHoldUntilLetGo) {
    auto first = env_->try_lock(path("lock"));
    ASSERT_TRUE(first && *first);
    EXPECT_FALSE(env_->try_lock(path("lock"))->has_value());
    first->reset();
    EXPECT_TRUE(env_->try_lock(path("lock"))->has_value());
}

TEST_P(Envs, RandomNumbersDiffer) { EXPECT_NE(env_->random(), env_->random()); }

TEST_P(Envs, AStorePublishesOnce) {
    LocalFileStore store(*env_);
    EXPECT_TRUE(store.make_folders(path("to")));
    EXPECT_TRUE(store.write_new(path("from"), "bytes"));
    EXPECT_EQ(store.write_new(path("from"), "x").error().code, ErrorCode::kAlreadyThere);
    EXPECT_FALSE(store.publish(path("from"), path("nowhere/a")));  // no folder is no success
    EXPECT_EQ(*store.publish(path("from"), path("to/a")), PublishOutcome::kDone);
    EXPECT_EQ(*store.publish(path("from"), path("to/a")), PublishOutcome::kMissing);
    EXPECT_TRUE(store.write_new(path("from"), "others"));
    EXPECT_EQ(*store.publish(path("from"), path("to/a")), PublishOutcome::kTaken);
    EXPECT_EQ(read("to/a"), "bytes");
    EXPECT_TRUE(store.remove(path("from")));
    EXPECT_TRUE(store.remove(path("from")));
    EXPECT_TRUE(store.list(path("none"))->empty());
    EXPECT_TRUE(*store.create_if_absent(path("to/b"), "one", path("temporary")));
    EXPECT_FALSE(*store.create_if_absent(path("to/b"), "two", path("temporary")));
    EXPECT_EQ(read("to/b"), "one");
    EXPECT_FALSE(*env_->stat(path("temporary")));
}

TEST(SystemEnv, SleepsEndEarlyWhenWoken) {
    auto env = make_system_env();
    std::atomic<bool> asleep = false, awake = false;
    std::thread sleeper([&] {
        asleep = true;
        env->sleep_for(std::chrono::minutes(10));
        awake = true;
    });
    while (!asleep || !awake) {  // a wake before the sleep began does not count
        env->wake();
        std::this_thread::yield();
    }
    sleeper.join();
    auto before = env->monotonic();
    env->sleep_for(std::chrono::milliseconds(5));
    EXPECT_GE(env->monotonic() - before, std::chrono::milliseconds(5));
}

TEST(SystemEnv, ErrorsSayWhere) {
    auto env = make_system_env();
    auto error = env->read_whole("/no/such/file", 10).error();
    EXPECT_EQ(error.code, ErrorCode::kNotFound);
    EXPECT_EQ(error.line(), "/no/such/file: cannot open: No such file or directory");
    auto full = env->append_file("/dev/full");
    ASSERT_TRUE(full);
    EXPECT_EQ((*full)->append("x").error().code, ErrorCode::kDiskFull);
}

TEST(MemoryEnv, LosesWhatWasNotSynced) {
    MemoryEnv env;
    ASSERT_TRUE(env.make_folders("/a"));
    ASSERT_TRUE(env.make_folders("/b"));
    auto file = env.create_file("/a/synced");
    ASSERT_TRUE((*file)->append("one"));
    ASSERT_TRUE((*file)->sync());
    ASSERT_TRUE((*file)->append("two"));
    ASSERT_TRUE(env.create_file("/a/torn"));
    ASSERT_TRUE(env.sync_folder("/a"));
    ASSERT_TRUE(env.create_file("/a/late"));
    ASSERT_TRUE(env.remove_file("/a/torn"));
    auto lock = env.try_lock("/l");
    env.lose_power();
    EXPECT_EQ(env.files(),
              (std::map<std::string, std::string>{{"/a/synced", "one"}, {"/a/torn", ""}}));
    EXPECT_TRUE(env.try_lock("/l")->has_value());
    ASSERT_TRUE(env.rename_noreplace("/a/synced", "/b/moved"));
    env.lose_power();
    EXPECT_TRUE(env.files().contains("/a/synced"));
    ASSERT_TRUE(env.rename_noreplace("/a/synced", "/b/moved"));
    ASSERT_TRUE(env.sync_folder("/b"));
    env.lose_power();
    EXPECT_TRUE(env.files().contains("/b/moved"));
    EXPECT_FALSE(env.files().contains("/a/synced"));
}

TEST(Paths, Join) {
    EXPECT_EQ(join_path("a", "b"), "a/b");
    EXPECT_EQ(join_path("a/", "/b"), "a/b");
    EXPECT_EQ(join_path("/", "b"), "/b");
    EXPECT_EQ(join_path("", "b"), "b");
    EXPECT_EQ(folder_of("a/b/c"), "a/b");
    EXPECT_EQ(folder_of("/a"), "/");
    EXPECT_EQ(folder_of("a"), ".");
}

}  // namespace
}  // namespace loanstream
