#include "kafka/kafka_access.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "http/tls_probe.h"

namespace loanstream {

using std::chrono::milliseconds;

namespace {

// The first librdkafka that logs in by SCRAM at Kafka 4 (a doubled nonce before).
constexpr int kScramMended = 0x02060100;

bool uses_sasl(const KafkaAccess& access) { return access.security.starts_with("sasl_"); }
bool uses_tls(const KafkaAccess& access) { return access.security.ends_with("ssl"); }
bool is_scram(const KafkaAccess& access) { return access.mechanism.starts_with("SCRAM"); }

using Options = std::vector<std::pair<const char*, std::string>>;

Options options_of(const KafkaAccess& access) {
    Options options = {
        {"bootstrap.servers", access.bootstrap},
        {"client.id", "loanstream"},
        {"security.protocol", access.security},
        {"log_level", "0"},  // faults come as events; its log lines would bypass ours
        {"broker.address.ttl", "5000"},
        {"reconnect.backoff.max.ms", "2000"},
    };
    auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) options.emplace_back(name, value);
    };
    if (uses_tls(access)) {
        add("ssl.ca.location", access.ca_file);
        add("ssl.certificate.location", access.certificate_file);
        add("ssl.key.location", access.key_file);
        add("ssl.key.password", access.key_password);
        options.emplace_back("ssl.endpoint.identification.algorithm", "https");
    }
    if (uses_sasl(access)) {
        options.emplace_back("sasl.mechanism", access.mechanism);
        if (access.mechanism == "GSSAPI") {
            add("sasl.kerberos.service.name", access.service_name);
            add("sasl.kerberos.principal", access.principal);
            add("sasl.kerberos.keytab", access.keytab);
        } else {
            add("sasl.username", access.user);
            add("sasl.password", access.password);
        }
    }
    return options;
}

bool contains(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

Error login_error(const KafkaAccess& access, const std::string& reason) {
    Error error{ErrorCode::kOutside, {}, access.bootstrap, {}};
    if (access.mechanism == "GSSAPI") {
        error.what = "the Kerberos login failed: " + reason;
        error.mend = "check kafka.principal, kafka.keytab, kafka.service_name and krb5.conf";
        return error;
    }
    error.what = fmt::format("the broker refuses the login of user '{}' by {}", access.user,
                             access.mechanism);
    error.mend =
        "check kafka.user and the password (kafka.password_file, or "
        "LOANSTREAM_KAFKA_PASSWORD)";
    if (is_scram(access) && rd_kafka_version() < kScramMended)
        error.mend += fmt::format(
            "; if the brokers are of Kafka 4: this program's librdkafka {} cannot do SCRAM with "
            "them (2.6.1 can), so use PLAIN over TLS or GSSAPI there",
            rd_kafka_version_str());
    return error;
}

Error tls_error(const KafkaAccess& access, const std::string& told) {
    std::string reason = told;
    if (contains(told, "verify failed"))
        if (std::string why = why_tls_fails(access.bootstrap, access.ca_file); !why.empty())
            reason = why;
    Error error{ErrorCode::kOutside, "no TLS with the broker: " + reason, access.bootstrap,
                "check kafka.ca_file and that the port speaks TLS"};
    if (contains(reason, "expired")) {
        error.what = "the broker's certificate has expired";
        error.mend = "have it renewed on the broker";
    } else if (contains(reason, "does not match target") || contains(reason, "no alternative")) {
        error.what = "the broker's certificate is for another host name";
        error.mend = "connect by a name that it carries, or have one with this name made";
    } else if (contains(reason, "self-signed") || contains(reason, "self signed") ||
               contains(reason, "unable to get")) {
        error.what = "the broker's certificate is not signed by a known authority";
        error.mend = "name the authority's certificate by kafka.ca_file";
    }
    return error;
}

// "sasl_ssl://host:9093/bootstrap: text (after 3ms in state X)" -> "text"
std::string short_reason(const std::string& reason) {
    std::string text = reason;
    if (auto scheme = text.find("://"); scheme != text.npos)
        if (auto colon = text.find(": ", scheme); colon != text.npos) text = text.substr(colon + 2);
    if (auto tail = text.find(" (after "); tail != text.npos) text = text.substr(0, tail);
    return text;
}

KafkaFault next_fault(rd_kafka_queue_t* queue, milliseconds wait) {
    rd_kafka_event_t* event = rd_kafka_queue_poll(queue, static_cast<int>(wait.count()));
    KafkaFault fault;
    if (event == nullptr) return fault;
    if (rd_kafka_event_type(event) == RD_KAFKA_EVENT_ERROR)
        fault = {rd_kafka_event_error(event), rd_kafka_event_error_string(event)};
    rd_kafka_event_destroy(event);
    return fault;
}

// librdkafka puts them into the words of a shell that runs kinit.
Result<void> check_for_shell(const char* setting, const std::string& value) {
    constexpr std::string_view kPlain = "._/@:+-";
    auto is_plain = [&](unsigned char byte) {
        return std::isalnum(byte) != 0 || kPlain.find(static_cast<char>(byte)) != kPlain.npos;
    };
    if (std::ranges::all_of(value, is_plain)) return {};
    return fail(ErrorCode::kUsage, "only letters, digits and . _ / @ : + - can stand in it",
                setting, "rename the file or the principal");
}

}  // namespace

bool is_final(rd_kafka_resp_err_t code) {
    constexpr std::array kFinal = {RD_KAFKA_RESP_ERR__AUTHENTICATION,
                                   RD_KAFKA_RESP_ERR__SSL,
                                   RD_KAFKA_RESP_ERR__FATAL,
                                   RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
                                   RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED,
                                   RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                   RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT,
                                   RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL};
    return std::ranges::find(kFinal, code) != kFinal.end();
}

Error kafka_error(const KafkaAccess& access, rd_kafka_resp_err_t code, const std::string& reason) {
    std::string text = short_reason(reason.empty() ? rd_kafka_err2str(code) : reason);
    Error error{ErrorCode::kOutside, text, access.bootstrap, {}};
    switch (code) {
        case RD_KAFKA_RESP_ERR__AUTHENTICATION: return login_error(access, text);
        case RD_KAFKA_RESP_ERR__SSL: return tls_error(access, text);
        case RD_KAFKA_RESP_ERR__RESOLVE:
            error.what = "the broker's host is unknown: " + text;
            error.mend = "check kafka.bootstrap and the name server";
            break;
        case RD_KAFKA_RESP_ERR__TRANSPORT:
        case RD_KAFKA_RESP_ERR__TIMED_OUT:
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
            error.what = "no broker answers: " + text;
            error.mend = "start it (./dev lab kafka up on this machine), or set kafka.bootstrap";
            break;
        case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
            error.mend = "have the right given to this user on the broker";
            break;
        case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
            error.what = "the broker does not allow kafka.session_timeout to be so long or short";
            error.mend =
                "set it between the broker's group.min.session.timeout.ms (6s where nobody "
                "changed it) and group.max.session.timeout.ms (30m)";
            break;
        case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
            error.what =
                "members of the consumer group share partitions in another way than "
                "cooperative-sticky";
            error.mend =
                "set another kafka.group, or stop the other members; --start group:NAME takes "
                "over where a group stands";
            break;
        default: break;
    }
    return error;
}

Result<KafkaOptions> KafkaOptions::make(const KafkaAccess& access) {
    if (access.bootstrap.empty())
        return fail(ErrorCode::kUsage, "no brokers are named", "kafka.bootstrap",
                    "set it, for example LOANSTREAM_KAFKA_BOOTSTRAP=host1:9092,host2:9092");
    if (uses_sasl(access) && access.mechanism != "GSSAPI" &&
        (access.user.empty() || access.password.empty()))
        return fail(ErrorCode::kUsage, access.mechanism + " needs a user and a password",
                    "kafka.user",
                    "set kafka.user, and kafka.password_file or "
                    "LOANSTREAM_KAFKA_PASSWORD");
    bool by_keytab = uses_sasl(access) && access.mechanism == "GSSAPI" && !access.keytab.empty();
    if (by_keytab && ::access(access.keytab.c_str(), R_OK) != 0)
        return fail(ErrorCode::kUsage, "the keytab cannot be read", access.keytab,
                    "name one that this user may read by kafka.keytab");
    if (by_keytab) TRY_VOID(check_for_shell("kafka.keytab", access.keytab));
    if (by_keytab) TRY_VOID(check_for_shell("kafka.principal", access.principal));
    KafkaOptions options;
    options.conf_.reset(rd_kafka_conf_new());
    options.bootstrap_ = access.bootstrap;
    for (const auto& [name, value] : options_of(access)) TRY_VOID(options.set(name, value));
    rd_kafka_conf_set_events(options.conf_.get(), RD_KAFKA_EVENT_ERROR);
    return options;
}

Result<void> KafkaOptions::set(const std::string& name, const std::string& value) {
    std::array<char, 512> text{};
    if (rd_kafka_conf_set(conf_.get(), name.c_str(), value.c_str(), text.data(), text.size()) ==
        RD_KAFKA_CONF_OK)
        return {};
    if (name.find("password") != std::string::npos)
        return fail(ErrorCode::kUsage, "librdkafka refuses " + name, bootstrap_);
    return fail(ErrorCode::kUsage, "librdkafka refuses a setting: " + std::string(text.data()),
                bootstrap_);
}

bool KafkaOptions::try_set(const std::string& name, const std::string& value) {
    std::array<char, 512> text{};
    return rd_kafka_conf_set(conf_.get(), name.c_str(), value.c_str(), text.data(), text.size()) ==
           RD_KAFKA_CONF_OK;
}

Result<KafkaHandle> KafkaOptions::client(rd_kafka_type_t type) {
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_conf_set_events(conf_.get(), RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_REBALANCE |
                                                  RD_KAFKA_EVENT_OFFSET_COMMIT);
    else
        rd_kafka_conf_set_events(conf_.get(), RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_DR);
    std::array<char, 512> text{};
    rd_kafka_t* made = rd_kafka_new(type, conf_.get(), text.data(), text.size());
    if (made == nullptr)
        return fail(ErrorCode::kOutside, "no Kafka client: " + std::string(text.data()), bootstrap_,
                    "check the files and names of the kafka settings");
    static_cast<void>(conf_.release());  // the client's now
    KafkaHandle handle;
    handle.client.reset(made);
    return handle;
}

Result<void> await_broker(rd_kafka_t* client, const KafkaAccess& access) {
    auto end = std::chrono::steady_clock::now() + access.connect_timeout;
    rd_kafka_queue_t* queue = rd_kafka_queue_get_main(client);
    KafkaFault worst;
    while (true) {
        const rd_kafka_metadata_t* metadata = nullptr;
        auto code = rd_kafka_metadata(client, 0, nullptr, &metadata, 500);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_metadata_destroy(metadata);
        bool done = code == RD_KAFKA_RESP_ERR_NO_ERROR;
        while (!done) {
            KafkaFault fault = next_fault(queue, milliseconds(0));
            if (fault.code == RD_KAFKA_RESP_ERR_NO_ERROR) break;
            bool tells_more = fault.code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
            if (tells_more || worst.code == RD_KAFKA_RESP_ERR_NO_ERROR) worst = fault;
            if (is_final(worst.code)) break;
        }
        if (done || is_final(worst.code) || std::chrono::steady_clock::now() >= end) {
            rd_kafka_queue_destroy(queue);
            if (done) return {};
            if (worst.code == RD_KAFKA_RESP_ERR_NO_ERROR) worst.code = code;
            return std::unexpected(kafka_error(access, worst.code, worst.reason));
        }
    }
}

}  // namespace loanstream
