#include "feed/applicant_server.h"

namespace loanstream {

std::string indented(std::string_view flat_object) {
    std::string out;
    out.reserve(flat_object.size() * 5 / 4);
    bool in_string = false, escaped = false;
    int depth = 0;
    for (char c : flat_object) {
        if (in_string) {
            out += c;
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        if (c == '"') in_string = true;
        if (c == '}' && --depth == 0) out += "\n";
        out += c;
        if (c == '{' && ++depth == 1) out += "\n  ";
        if (c == ',' && depth == 1) out += "\n  ";
        if (c == ':' && depth == 1) out += ' ';
    }
    return out + "\n";
}

Result<std::unique_ptr<ApplicantServer>> ApplicantServer::start(HttpServerSettings settings,
                                                                Open open, bool repeat) {
    std::unique_ptr<ApplicantServer> applicants(new ApplicantServer(std::move(open), repeat));
    applicants->address_ = settings.address;
    TRY(applicants->source_, applicants->open_());
    ApplicantServer* raw = applicants.get();
    TRY(applicants->server_, HttpServer::start(std::move(settings), [raw](const HttpRequest& r) {
            return raw->answer(r);
        }));
    return applicants;
}

std::string ApplicantServer::url() const {
    return "http://" + address_ + ":" + std::to_string(port()) + kApplicantPath;
}

std::string ApplicantServer::fault() const {
    std::lock_guard lock(fault_mutex_);
    return fault_;
}

Result<bool> ApplicantServer::next(std::string& json) {
    TRY(bool some, source_->next(json));
    if (some || !repeat_) return some;
    TRY(source_, open_());
    return source_->next(json);
}

HttpResponse ApplicantServer::answer(const HttpRequest& request) {
    if (request.path != kApplicantPath)
        return {404, "application/json",
                std::string("{\"error\":\"the applications are at ") + kApplicantPath + "\"}\n"};
    if (request.method != "GET")
        return {405, "application/json", "{\"error\":\"only GET is answered here\"}\n"};
    auto some = next(json_);
    if (!some) {
        std::lock_guard lock(fault_mutex_);
        if (fault_.empty()) fault_ = some.error().line();
        return {500, "application/json", "{\"error\":\"the applications cannot be read\"}\n"};
    }
    if (!*some) {
        through_ = true;
        return {204, "application/json", ""};
    }
    served_ += 1;
    return {200, "application/json", indented(json_)};
}

}  // namespace loanstream
