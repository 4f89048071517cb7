#include "app/settings.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/check.h"
#include "base/nearest_word.h"
#include "http/shown_url.h"
#include "policy/embedded.h"
#include "policy/policy_files.h"
#include "policy/toml_text.h"

namespace loanstream {

namespace {

std::vector<SettingDeclaration> own_settings() {
    using enum SettingKind;
    return {
        {"data", kText, "./loanstream-data", 0, 0, "",
         "folder of all embedded state: topics/, warehouse/"},
        {"policy", kText, "lendingclub", 0, 0, "", "a shipped policy's name, or a policy file"},
        {"model", kText, "", 0, 0, "", "model file used in place of the policy's"},
        {"topic.partitions", kNumber, "1", 1, 10000, "",
         "partitions of a topic that is made because it is not there yet"},
        {"topic.store", kChoice, "jsonl", 0, 0, "jsonl|kafka",
         "where topics are: files under data, or Kafka (profiles local and cluster)"},
        {"topic.replication", kNumber, "1", 1, 100, "",
         "copies that Kafka keeps of a topic made by topic create"},
        {"source.url", kText, "http://127.0.0.1:5000/api/v1.0/FinTech/streamingdata", 0, 0, "",
         "the applicant API that source polls"},
        {"source.envelope", kText, "", 0, 0, "",
         "keys to the application in a message, such as payload.after; empty: it is the message"},
        {"source.every", kDuration, "5s", 0, 86400e3, "",
         "time between two polls of the applicant API; 0: as fast as it answers"},
        {"source.max_record_bytes", kBytes, "10MiB", 1024, 1u << 30, "",
         "a longer record is a dead letter (too_large)"},
        {"applicants.port", kNumber, "5000", 0, 65535, "",
         "port of the applicant API on 127.0.0.1; 0: any free one, printed"},
        {"stream.threads", kNumber, "1", 1, 64, "",
         "lines of a stream, each with a thread and a share of the partitions"},
        {"stream.orders_every", kDuration, "1s", 0, 3600e3, "",
         "a running job looks so often for orders (pause, drain, review-all); 0: never"},
        {"stream.batch_records", kNumber, "4096", 1, 1000000, "", "most records of one batch"},
        {"stream.batch_bytes", kBytes, "1MiB", 1024, 1u << 30, "", "most bytes of one batch"},
        {"stream.stuck_after", kDuration, "0", 0, 86400e3, "",
         "records wait and no commit comes for so long: the job is not ready, says so and takes "
         "its "
         "partitions anew; 0: ten times table.commit_every, at least 60s"},
        {"metrics.port", kNumber, "9100", 0, 65535, "",
         "where stream answers /metrics and /health; taken: any free one, told by the event "
         "metrics_served; 0: off"},
        {"metrics.address", kText, "127.0.0.1", 0, 0, "", "the address of that port"},
        {"table.commit_every", kDuration, "2s", 1, 3600e3, "",
         "a record is visible at most this long after it was produced"},
        {"table.file_size", kBytes, "128MiB", 1024, 1e12, "",
         "rows waiting for a commit, and an open part, reach about this size"},
        {"table.max_open_files", kNumber, "500", 2, 5000, "",
         "files of an open part; one more and the part is sealed"},
        {"table.checkpoint_every", kNumber, "200", 5, 400, "",
         "entries of the log between two checkpoints; its folder holds at most about twice as "
         "many"},
        {"table.merge", kChoice, "on", 0, 0, "on|off",
         "stream merges small files into large ones; off: loanstream table merge does"},
        {"table.merge_every", kDuration, "10s", 10, 3600e3, "",
         "time between two rounds of merging"},
        {"table.grace", kDuration, "1h", 0, 30 * 86400e3, "",
         "files that a merge has replaced are kept so long; longer than the longest query"},
        {"table.codec", kChoice, "zstd", 0, 0, "zstd|snappy|none", "compression of Parquet files"},
        {"log.level", kChoice, "info", 0, 0, "info|warning|error", "least level of log lines"},
        {"log.format", kChoice, "text", 0, 0, "text|json", "form of log lines on stderr"},
    };
}

std::vector<SettingDeclaration> kafka_settings() {
    using enum SettingKind;
    return {
        {"kafka.bootstrap", kText, "", 0, 0, "", "brokers to begin with, HOST:PORT,HOST:PORT"},
        {"kafka.group", kText, "loanstream", 0, 0, "", "consumer group of stream"},
        {"kafka.session_timeout", kDuration, "10s", 1000, 1800e3, "",
         "a process that says nothing so long loses its partitions"},
        {"kafka.queue_bytes", kBytes, "24MiB", 1 << 20, 16e9, "",
         "most that one consumer has fetched and not yet decided"},
        {"kafka.compression", kChoice, "lz4", 0, 0, "none|gzip|snappy|lz4|zstd",
         "of what source produces"},
        {"kafka.decisions_topic", kText, "", 0, 0, "",
         "topic that stream sends each landed decision to, as JSON; empty: none"},
        {"kafka.dead_letter_topic", kText, "", 0, 0, "",
         "topic that stream sends each landed dead letter to; empty: none"},
        {"kafka.connect_timeout", kDuration, "10s", 100, 600e3, "",
         "longest wait for the first answer of a broker"},
        {"kafka.security", kChoice, "plaintext", 0, 0, "plaintext|ssl|sasl_plaintext|sasl_ssl",
         "how the brokers are talked to"},
        {"kafka.mechanism", kChoice, "PLAIN", 0, 0, "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|GSSAPI",
         "login, with security sasl_*; GSSAPI is Kerberos"},
        {"kafka.user", kText, "", 0, 0, "", "name for PLAIN and SCRAM"},
        {"kafka.password", kSecret, "", 0, 0, "", "from the environment alone"},
        {"kafka.password_file", kText, "", 0, 0, "", "file whose first line is the password"},
        {"kafka.ca_file", kText, "", 0, 0, "", "certificates (PEM) that brokers are checked by"},
        {"kafka.certificate_file", kText, "", 0, 0, "",
         "our certificate (PEM), for brokers that ask"},
        {"kafka.key_file", kText, "", 0, 0, "", "the key (PEM) of our certificate"},
        {"kafka.key_password", kSecret, "", 0, 0, "", "of that key; from the environment alone"},
        {"kafka.key_password_file", kText, "", 0, 0, "", "file whose first line is that password"},
        {"kafka.service_name", kText, "kafka", 0, 0, "", "first part of the brokers' principal"},
        {"kafka.principal", kText, "", 0, 0, "", "ours, for GSSAPI"},
        {"kafka.keytab", kText, "", 0, 0, "", "key of our principal"},
    };
}

}  // namespace

const std::vector<SettingDeclaration>& setting_declarations() {
    static const std::vector<SettingDeclaration> list = [] {
        auto all = own_settings();
        for (const auto& declaration : kafka_settings()) all.push_back(declaration);
        return all;
    }();
    return list;
}

namespace {

const SettingDeclaration* declaration_of(std::string_view key) {
    for (const auto& declaration : setting_declarations())
        if (declaration.key == key) return &declaration;
    return nullptr;
}

std::optional<double> number_with_unit(
    std::string_view text, std::initializer_list<std::pair<const char*, double>> units) {
    double value = 0;
    auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (status != std::errc{}) return std::nullopt;
    std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    for (auto [name, factor] : units)
        if (unit == name) return value * factor;
    return std::nullopt;
}

std::optional<double> measured(const SettingDeclaration& declaration, std::string_view text) {
    switch (declaration.kind) {
        case SettingKind::kNumber: return number_with_unit(text, {{"", 1}});
        case SettingKind::kDuration: return parse_duration_ms(text);
        case SettingKind::kBytes: return parse_bytes(text);
        default: return 0;
    }
}

Result<void> check_value(const SettingDeclaration& declaration, std::string_view text,
                         const std::string& origin) {
    std::string key(declaration.key);
    auto bad = [&](std::string mend) {
        return fail(ErrorCode::kUsage, key + " cannot be '" + std::string(text) + "'", origin,
                    std::move(mend));
    };
    if (declaration.kind == SettingKind::kFlag && text != "true" && text != "false")
        return bad("write true or false");
    if (declaration.kind == SettingKind::kChoice) {
        std::string choices = "|" + std::string(declaration.choices) + "|";
        if (choices.find("|" + std::string(text) + "|") == choices.npos)
            return bad("write one of " + std::string(declaration.choices));
    }
    auto value = measured(declaration, text);
    if (!value)
        return bad("write a number" + std::string(declaration.kind == SettingKind::kDuration
                                                      ? " with ms, s, m or h, such as 2s"
                                                  : declaration.kind == SettingKind::kBytes
                                                      ? " with KiB, MiB or GiB, such as 128MiB"
                                                      : ""));
    if (declaration.low < declaration.high &&
        (*value < declaration.low || *value > declaration.high))
        return bad("its bounds are " + std::to_string(static_cast<long long>(declaration.low)) +
                   " to " + std::to_string(static_cast<long long>(declaration.high)) +
                   (declaration.kind == SettingKind::kDuration ? " ms"
                    : declaration.kind == SettingKind::kBytes  ? " bytes"
                                                               : ""));
    return {};
}

}  // namespace

std::optional<double> parse_duration_ms(std::string_view text) {
    if (text == "0") return 0;
    return number_with_unit(text,
                            {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}});
}

std::optional<double> parse_bytes(std::string_view text) {
    return number_with_unit(
        text,
        {{"", 1}, {"B", 1}, {"KiB", 1024}, {"MiB", 1024. * 1024}, {"GiB", 1024. * 1024 * 1024}});
}

namespace {

std::string environment_name(std::string_view key) {
    std::string name = "LOANSTREAM_" + std::string(key);
    for (char& c : name) c = c == '.' ? '_' : static_cast<char>(std::toupper(c));
    return name;
}

}  // namespace

std::string Settings::shown(const SettingDeclaration& declaration, const Value& value) {
    bool hidden = declaration.kind == SettingKind::kSecret && !value.text.empty();
    if (hidden) return "(set)";
    return declaration.key.ends_with(".url") ? shown_url(value.text) : value.text;
}

Result<void> Settings::put(std::string_view key, std::string text, std::string origin) {
    const auto* declaration = declaration_of(key);
    if (declaration == nullptr) {
        std::vector<std::string_view> keys;
        for (const auto& known : setting_declarations()) keys.push_back(known.key);
        return fail(ErrorCode::kUsage, "unknown setting '" + std::string(key) + "'", origin,
                    did_you_mean(key, keys, "loanstream config show lists them"));
    }
    if (declaration->kind == SettingKind::kSecret && origin != "default" &&
        !origin.starts_with("LOANSTREAM_"))
        return fail(
            ErrorCode::kUsage, std::string(key) + " does not belong here", origin,
            "set " + environment_name(key) + ", or name a file by " + std::string(key) + "_file");
    TRY_VOID(check_value(*declaration, text, origin));
    values_[std::string(key)] = {std::move(text), std::move(origin)};
    return {};
}

Result<void> Settings::read_file(const std::string& path) {
    auto bytes = read_policy_file(path);
    if (!bytes)
        return fail(ErrorCode::kUsage, "profile cannot be read", path,
                    "give embedded, local, cluster, or a file that is there");
    return read_text(*bytes, path);
}

Result<void> Settings::read_text(std::string_view bytes, const std::string& path) {
    TRY(auto parsed, parse_toml(bytes, path));
    for (const auto& [section, node] : parsed) {
        const auto* table = node.as_table();
        auto take = [&](std::string key, const toml::node& value) -> Result<void> {
            std::string at = path + ":" + std::to_string(value.source().begin.line) + ":" +
                             std::to_string(value.source().begin.column);
            if (auto text = value.value_exact<std::string>()) return put(key, *text, at);
            if (auto flag = value.value_exact<bool>())
                return put(key, *flag ? "true" : "false", at);
            if (auto number = value.value_exact<std::int64_t>())
                return put(key, std::to_string(*number), at);
            return fail(ErrorCode::kUsage, key + " must be text, a whole number or true|false", at);
        };
        if (table == nullptr) {
            TRY_VOID(take(std::string(section.str()), node));
            continue;
        }
        for (const auto& [key, value] : *table)
            TRY_VOID(take(std::string(section.str()) + "." + std::string(key.str()), value));
    }
    return {};
}

Result<void> Settings::read_environment() {
    for (const auto& declaration : setting_declarations()) {
        std::string name = environment_name(declaration.key);
        if (const char* text = std::getenv(name.c_str()); text != nullptr)
            TRY_VOID(put(declaration.key, text, name));
    }
    return {};
}

Result<Settings> Settings::resolve(const std::string& profile,
                                   const std::vector<std::string>& sets) {
    Settings settings;
    settings.profile_ = profile;
    for (const auto& declaration : setting_declarations())
        TRY_VOID(settings.put(declaration.key, std::string(declaration.default_value), "default"));
    if (profile.ends_with(".toml")) {
        TRY_VOID(settings.read_file(profile));
    } else if (auto shipped = embedded_file("conf/" + profile + ".toml")) {
        TRY_VOID(settings.read_text(*shipped, "conf/" + profile + ".toml"));
    }
    TRY_VOID(settings.read_environment());
    for (const auto& set : sets) {
        auto equals = set.find('=');
        if (equals == set.npos)
            return fail(ErrorCode::kUsage, "--set takes KEY=VALUE, not '" + set + "'", {},
                        "for example --set table.commit_every=500ms");
        TRY_VOID(settings.put(set.substr(0, equals), set.substr(equals + 1), "--set"));
    }
    return settings;
}

const std::string& Settings::text(std::string_view key) const {
    auto found = values_.find(key);
    LOANSTREAM_CHECK(found != values_.end());
    return found->second.text;
}

std::int64_t Settings::number(std::string_view key) const {
    const auto* declaration = declaration_of(key);
    LOANSTREAM_CHECK(declaration != nullptr);
    return static_cast<std::int64_t>(measured(*declaration, text(key)).value_or(0));
}

std::chrono::milliseconds Settings::duration(std::string_view key) const {
    return std::chrono::milliseconds(number(key));
}

bool Settings::flag(std::string_view key) const { return text(key) == "true"; }

}  // namespace loanstream
