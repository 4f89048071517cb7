// What the settings say about Kafka. Any thread.
#pragma once

#include "app/settings.h"
#include "kafka/kafka_access.h"

namespace loanstream {

// Are topics on Kafka in this profile?
bool uses_kafka(const Settings& settings);

// With the secrets read from their files. kUsage names the setting that is amiss.
Result<KafkaAccess> kafka_access(const Settings& settings);

}  // namespace loanstream
