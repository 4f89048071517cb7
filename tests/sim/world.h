// One simulated lender: producers, streams, mergers and readers on a Machine, and what must hold
// while they run and at the end. One thread.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/settings.h"
#include "app/stream_session.h"
#include "sim/machine.h"

namespace loanstream::sim {

inline constexpr const char* kData = "/sim";
inline constexpr const char* kWarehouse = "/sim/warehouse";
inline constexpr const char* kTopics = "/sim/topics";
inline constexpr const char* kTopic = "applications";

// What a seed has chosen.
struct Shape {
    std::int32_t partitions = 1;
    std::int64_t records = 0;  // of each partition
    int streams = 1, mergers = 1;
    bool mergers_hang = false;  // and lose their lock meanwhile
    std::int64_t max_open_files = 3, batch_records = 3, checkpoint_every = 20;
    std::int64_t start_ms = 0;  // near midnight in some
    Faults faults;
    std::string text() const;
};
Shape shape_of(std::uint64_t seed);

class World {
public:
    World(std::uint64_t seed, bool loud);
    // Empty: all held. Else the first thing that did not.
    std::string run();
    const Shape& shape() const { return shape_; }
    Machine& machine() { return machine_; }
    std::int64_t looks() const { return looks_; }

private:
    void add_producers();
    void add_streams();
    void add_mergers();
    void add_readers();
    bool produce(Env& env, std::int32_t partition);
    bool stream(ProcessEnv& env);
    bool merge(ProcessEnv& env);
    bool look_by_log(ProcessEnv& env);
    bool look_by_folder(ProcessEnv& env);
    std::int64_t least_rows();
    bool all_landed();
    void ended(std::string_view who, const Error& error);
    void check_places(const Warehouse& warehouse);
    void violated(std::string what);
    void check_end();
    void check_rows();
    std::vector<std::string> lines_of(std::int32_t partition);

    Shape shape_;
    Machine machine_;
    Settings settings_;
    std::string violation_;
    std::int64_t most_seen_ = 0, looks_ = 0, acknowledged_ = 0;
    int power_failures_ = 0;  // when most_seen_ was last thought about
    int calm_failures_ = 0;
};

}  // namespace loanstream::sim
