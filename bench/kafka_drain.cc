// A yardstick of `./dev bench kafka`: librdkafka alone, reading a topic to its end and throwing the
// records away.   kafka_drain BOOTSTRAP TOPIC
#include "kafka_client.h"

int main(int count, char** words) {
    if (count != 3) yardstick::end_with("kafka_drain BOOTSTRAP TOPIC");
    yardstick::Clock clock;
    long long records = 0, bytes = 0;
    yardstick::read_all(words[1], words[2], [&](const rd_kafka_message_t& message) {
        records += 1;
        bytes += static_cast<long long>(message.len);
    });
    clock.end(records, bytes);
}
