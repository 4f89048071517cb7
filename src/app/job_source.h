// The Source of a job by its settings: an embedded topic or one on Kafka, with the topic of
// repaired records beside it, which is an embedded one in both cases (docs/deadletters.md). What is
// made here belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "app/settings.h"
#include "base/source.h"
#include "kafka/start_place.h"
#include "log/warehouse.h"
#include "table/prove.h"

namespace loanstream {

struct JobTopic {
    std::string name;
    std::set<std::int32_t> partitions{};  // empty: all that are free, or what the group gives
    StartPlace start{};                   // on Kafka, of partitions that the table does not know
    std::int64_t readers = 1;             // that share kafka.queue_bytes in this process
    bool with_repairs = true;             // with the topic of repaired records beside it
};

// What each of the job's lines reads: at most stream.threads of them. A group deals out its
// partitions itself; named ones and those of an embedded topic are dealt out here.
Result<std::vector<JobTopic>> shares_of(Env& env, const Settings& settings, const JobTopic& topic);

// `log` outlives it. Embedded: the topic is made where it is missing.
Result<std::unique_ptr<Source>> open_job_source(Env& env, const Settings& settings,
                                                const JobTopic& topic, Warehouse& log);

// For each partition of a Kafka topic that ends before the table's place: the topic was made anew.
// Claims it and writes so into the log; the table goes on at the oldest record that is there.
Result<std::vector<ResetEntry>> accept_resets(const Settings& settings, const std::string& topic,
                                              Warehouse& log);

// To look: no lock and no consumer group. kNotFound.
using IncarnationOf = std::function<Incarnation(PartitionId)>;
Result<std::unique_ptr<Source>> open_source_to_look(Env& env, const Settings& settings,
                                                    const JobTopic& topic,
                                                    IncarnationOf incarnation_of);

// Counts the records of the topics where the settings say that they are.
Result<std::unique_ptr<SourceCounter>> open_counter(Env& env, const Settings& settings);

}  // namespace loanstream
