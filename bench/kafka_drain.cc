// The yardstick of `./dev bench kafka`: librdkafka alone, reading a topic to its end and throwing
// the records away.   kafka_drain BOOTSTRAP TOPIC
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace {

void set(rd_kafka_conf_t* conf, const char* name, const char* value) {
    char text[512];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK) return;
    std::fprintf(stderr, "%s\n", text);
    std::exit(3);
}

rd_kafka_t* consumer(const char* bootstrap) {
    rd_kafka_conf_t* conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "group.id", "drain");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "isolation.level", "read_committed");
    set(conf, "queued.min.messages", "10000000");  // never full: it is never waited for
    set(conf, "queued.max.messages.kbytes", "2097151");
    set(conf, "fetch.message.max.bytes", "4194304");
    char text[512];
    rd_kafka_t* made = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
    if (made == nullptr) std::exit(3);
    rd_kafka_poll_set_consumer(made);
    return made;
}

}  // namespace

int main(int, char** words) {
    auto began = std::chrono::steady_clock::now();
    rd_kafka_t* client = consumer(words[1]);
    const rd_kafka_metadata_t* metadata = nullptr;
    rd_kafka_topic_t* topic = rd_kafka_topic_new(client, words[2], nullptr);
    if (rd_kafka_metadata(client, 0, topic, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return 3;
    int partitions = metadata->topics[0].partition_cnt;
    rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
    for (int p = 0; p < partitions; ++p)
        rd_kafka_topic_partition_list_add(list, words[2], p)->offset = RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(client, list);
    rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
    std::vector<rd_kafka_message_t*> messages(4096);
    long long records = 0, bytes = 0;
    for (int ended = 0; ended < partitions;) {
        auto count = rd_kafka_consume_batch_queue(queue, 100, messages.data(), messages.size());
        for (long i = 0; i < count; ++i) {
            auto* message = messages[static_cast<std::size_t>(i)];
            if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) ended += 1;
            if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
                records += 1;
                bytes += static_cast<long long>(message->len);
            }
            rd_kafka_message_destroy(message);
        }
    }
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::printf("%lld %lld %.4f\n", records, bytes, took.count());
    std::fflush(stdout);
    std::_Exit(0);
}
