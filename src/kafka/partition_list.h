// Owns a librdkafka list of topic partitions with offsets. One thread.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "base/ids.h"

namespace loanstream {

class PartitionList {
public:
    PartitionList() : list_(rd_kafka_topic_partition_list_new(4)) {}
    void add(const std::string& topic, PartitionId partition,
             Offset offset = Offset(RD_KAFKA_OFFSET_INVALID)) {
        rd_kafka_topic_partition_list_add(list_.get(), topic.c_str(), partition.value)->offset =
            offset.value;
    }
    rd_kafka_topic_partition_list_t* get() const { return list_.get(); }

private:
    struct Free {
        void operator()(rd_kafka_topic_partition_list_t* list) const {
            rd_kafka_topic_partition_list_destroy(list);
        }
    };
    std::unique_ptr<rd_kafka_topic_partition_list_t, Free> list_;
};

}  // namespace loanstream
