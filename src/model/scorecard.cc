#include "model/scorecard.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

namespace loanstream {

namespace {

using nlohmann::json;

constexpr std::size_t kMostFeatures = 4096, kMostBins = 4096, kMostBands = 1000;
constexpr double kMostRows = 9007199254740992;  // 2^53
constexpr double kGoldenWithin = 1e-12;
constexpr double kNearShare = 0.05;  // of the reference rows: "approved near the cut-off"

struct Feature {
    std::string name;
    bool is_text = false;
    double coefficient = 0;
    std::vector<double> edges;                                     // number
    std::vector<std::vector<std::string>> groups;                  // text
    std::unordered_map<std::string_view, std::uint32_t> group_of;  // views into groups
    std::vector<double> woe;     // by bin; text: other and then missing at the end; number: missing
    std::vector<double> terms;   // coefficient * woe, by bin
    std::vector<double> points;  // by bin
    std::vector<double> shares;  // of the training rows, by bin
    std::string label(std::size_t bin) const;

    std::size_t bin_of(const Cell& cell) const {
        if (is_text) {
            if (cell.state != CellState::kText) return woe.size() - 1;
            auto found = group_of.find(cell.text_view());
            return found == group_of.end() ? woe.size() - 2 : found->second;
        }
        if (cell.state != CellState::kNumber || std::isnan(cell.number)) return woe.size() - 1;
        std::size_t bin = 0;
        for (double edge : edges) bin += cell.number >= edge;
        return bin;
    }
};

struct Band {
    double pd_below = 1;
    std::int64_t rows = 0;
    std::vector<double> mean_points;
};

}  // namespace

struct Scorecard::State {
    std::string name;
    double intercept = 0, factor = 0, offset = 0;
    std::vector<Feature> features;
    std::vector<ScorecardFeature> public_features;
    std::int64_t reference_rows = 0;
    std::vector<Band> bands;
};

namespace {

// Reads one object with known keys; every error says where in the file.
class Reader {
public:
    Reader(const json& object, const std::string& path, std::string place)
        : object_(object), path_(path), place_(std::move(place)) {}

    std::unexpected<Error> error(const std::string& what) const {
        return fail(ErrorCode::kInvalidData, what, path_ + ": " + place_,
                    "docs/model.md has the format");
    }
    Result<void> only(const std::set<std::string>& known) const {
        if (!object_.is_object()) return error("must be an object");
        for (const auto& [key, value] : object_.items())
            if (!known.contains(key)) return error("unknown key '" + key + "'");
        return {};
    }
    Result<double> number(const char* key) const {
        auto found = object_.find(key);
        if (found == object_.end() || !found->is_number())
            return error(std::string(key) + " must be a number");
        auto value = found->get<double>();
        if (!std::isfinite(value)) return error(std::string(key) + " must be finite");
        return value;
    }
    // Rows: a whole number that a double holds.
    Result<std::int64_t> count(const char* key) const {
        TRY(double value, number(key));
        if (!(value >= 0 && value <= kMostRows) || value != std::floor(value))
            return error(std::string(key) + " must be a whole number of rows");
        return static_cast<std::int64_t>(value);
    }
    Result<std::string> text(const char* key) const {
        auto found = object_.find(key);
        if (found == object_.end() || !found->is_string())
            return error(std::string(key) + " must be a text");
        return found->get<std::string>();
    }
    Result<std::vector<double>> numbers(const char* key) const {
        auto found = object_.find(key);
        if (found == object_.end() || !found->is_array() || found->size() > kMostBins)
            return error(std::string(key) + " must be a list of numbers");
        std::vector<double> list;
        for (const auto& item : *found) {
            if (!item.is_number()) return error(std::string(key) + " must hold only numbers");
            list.push_back(item.get<double>());
            if (!std::isfinite(list.back())) return error(std::string(key) + " must be finite");
        }
        return list;
    }
    Result<std::vector<Reader>> objects(const char* key, std::size_t most) const {
        auto found = object_.find(key);
        if (found == object_.end() || !found->is_array() || found->size() > most)
            return error(std::string(key) + " must be a list of objects");
        std::vector<Reader> list;
        for (std::size_t i = 0; i < found->size(); ++i)
            list.emplace_back((*found)[i], path_, std::string(key) + "[" + std::to_string(i) + "]");
        return list;
    }
    Result<Reader> object(const char* key) const {
        auto found = object_.find(key);
        if (found == object_.end() || !found->is_object())
            return error(std::string(key) + " must be an object");
        return Reader(*found, path_, key);
    }
    const json& value() const { return object_; }

private:
    const json& object_;
    const std::string& path_;
    std::string place_;
};

Result<void> read_groups(const Reader& in, Feature& feature) {
    auto found = in.value().find("groups");
    if (found == in.value().end() || !found->is_array() || found->size() > kMostBins)
        return in.error("groups must be a list of lists of texts");
    for (const auto& group : *found) {
        if (!group.is_array()) return in.error("groups must be a list of lists of texts");
        feature.groups.emplace_back();
        for (const auto& item : group) {
            if (!item.is_string()) return in.error("groups must be a list of lists of texts");
            feature.groups.back().push_back(item.get<std::string>());
        }
    }
    for (std::uint32_t i = 0; i < feature.groups.size(); ++i)
        for (const auto& text : feature.groups[i])
            if (!feature.group_of.emplace(text, i).second)
                return in.error("'" + text + "' is in two groups");
    return {};
}

Result<void> read_feature(const Reader& in, Feature& feature) {
    TRY(feature.name, in.text("name"));
    TRY(std::string type, in.text("type"));
    if (type != "number" && type != "text") return in.error("type must be number or text");
    feature.is_text = type == "text";
    TRY(feature.coefficient, in.number("coefficient"));
    TRY(feature.woe, in.numbers("woe"));
    if (feature.is_text) {
        TRY_VOID(
            in.only({"name", "type", "coefficient", "groups", "woe", "other_woe", "missing_woe"}));
        TRY_VOID(read_groups(in, feature));
        if (feature.woe.size() != feature.groups.size())
            return in.error("woe must have one number a group");
        TRY(double other, in.number("other_woe"));
        feature.woe.push_back(other);
    } else {
        TRY_VOID(in.only({"name", "type", "coefficient", "edges", "woe", "missing_woe"}));
        TRY(feature.edges, in.numbers("edges"));
        if (!std::is_sorted(feature.edges.begin(), feature.edges.end(), std::less_equal<>()))
            return in.error("edges must ascend");
        if (feature.woe.size() != feature.edges.size() + 1)
            return in.error("woe must have one number more than edges");
    }
    TRY(double missing, in.number("missing_woe"));
    feature.woe.push_back(missing);
    return {};
}

Result<void> read_features(const Reader& in, Scorecard::State& state) {
    TRY(auto objects, in.objects("features", kMostFeatures));
    if (objects.empty()) return in.error("a scorecard needs features");
    state.features.resize(objects.size());  // never moved again: group_of views into it
    std::set<std::string> names;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        Feature& feature = state.features[i];
        TRY_VOID(read_feature(objects[i], feature));
        if (!names.insert(feature.name).second)
            return objects[i].error("feature '" + feature.name + "' is there twice");
        state.public_features.push_back({feature.name, feature.is_text});
    }
    return {};
}

Result<void> read_scale(const Reader& in, Scorecard::State& state) {
    TRY(Reader scale, in.object("scale"));
    TRY_VOID(scale.only({"points", "odds", "pdo"}));
    TRY(double points, scale.number("points"));
    TRY(double odds, scale.number("odds"));
    TRY(double pdo, scale.number("pdo"));
    if (odds <= 0 || pdo <= 0) return scale.error("odds and pdo must be above 0");
    state.factor = pdo / std::log(2.0);
    state.offset = points - state.factor * std::log(odds);
    auto count = static_cast<double>(state.features.size());
    for (Feature& feature : state.features)
        for (double woe : feature.woe) {
            feature.terms.push_back(feature.coefficient * woe);
            feature.points.push_back(-(feature.terms.back() + state.intercept / count) *
                                         state.factor +
                                     state.offset / count);
        }
    return {};
}

Result<void> read_reference(const Reader& in, Scorecard::State& state) {
    TRY(Reader reference, in.object("reference"));
    TRY_VOID(reference.only({"rows", "bins", "bands"}));
    TRY(state.reference_rows, reference.count("rows"));
    TRY(Reader bins, reference.object("bins"));
    for (Feature& feature : state.features) {
        TRY(feature.shares, bins.numbers(feature.name.c_str()));
        if (feature.shares.size() != feature.woe.size())
            return bins.error(feature.name + " must have one share a bin");
    }
    TRY(auto bands, reference.objects("bands", kMostBands));
    if (bands.empty()) return reference.error("bands must not be empty");
    for (const Reader& from : bands) {
        TRY_VOID(from.only({"pd_below", "rows", "mean_points"}));
        Band band;
        TRY(band.pd_below, from.number("pd_below"));
        TRY(band.rows, from.count("rows"));
        TRY(Reader means, from.object("mean_points"));
        for (const Feature& feature : state.features) {
            TRY(double mean, means.number(feature.name.c_str()));
            band.mean_points.push_back(mean);
        }
        if (band.rows < 1 || (!state.bands.empty() && band.pd_below < state.bands.back().pd_below))
            return from.error("bands must ascend and hold rows");
        state.bands.push_back(std::move(band));
    }
    return {};
}

Result<void> check_golden(const Reader& in, const Scorecard& model) {
    TRY(auto samples, in.objects("golden", 100000));
    if (samples.size() < 10) return in.error("at least ten golden samples are needed");
    const auto& features = model.features();
    std::vector<std::uint16_t> slots(features.size());
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<std::uint16_t>(i);
    for (const Reader& sample : samples) {
        TRY_VOID(sample.only({"in", "probability_of_default"}));
        TRY(double expected, sample.number("probability_of_default"));
        TRY(Reader input, sample.object("in"));
        std::vector<Cell> row(features.size());
        for (std::size_t i = 0; i < features.size(); ++i) {
            auto value = input.value().find(features[i].name);
            if (value == input.value().end() || value->is_null()) continue;
            if (features[i].is_text != value->is_string() ||
                (!features[i].is_text && !value->is_number()))
                return sample.error(features[i].name + " has another type");
            if (features[i].is_text) {
                const auto& text = value->get_ref<const std::string&>();
                row[i].state = CellState::kText;
                row[i].text = text.data();
                row[i].text_length = static_cast<std::uint32_t>(text.size());
            } else {
                row[i].state = CellState::kNumber;
                row[i].number = value->get<double>();
            }
        }
        double got = model.score(row.data(), slots, {});
        if (!(std::abs(got - expected) <= kGoldenWithin))
            return sample.error("the golden sample gives " + std::to_string(got) + ", not " +
                                std::to_string(expected) + ": the model may not serve");
    }
    return {};
}

}  // namespace

Scorecard::Scorecard(std::unique_ptr<State> state) : state_(std::move(state)) {}
Scorecard::~Scorecard() = default;
const std::vector<ScorecardFeature>& Scorecard::features() const { return state_->public_features; }
const std::string& Scorecard::name() const { return state_->name; }

Result<std::shared_ptr<const Scorecard>> Scorecard::parse(std::string_view text,
                                                          const std::string& path) {
    json root = json::parse(text, nullptr, false);
    Reader in(root, path, "model");
    if (!root.is_object()) return in.error("is not a JSON object");
    auto format = root.find("format");
    if (format == root.end() || *format != 1)
        return fail(ErrorCode::kUnknownFormat, "model format is not 1", path,
                    "this program knows format 1");
    TRY_VOID(in.only({"format", "kind", "name", "version", "trained", "metrics", "scale",
                      "intercept", "features", "reference", "golden"}));
    TRY(std::string kind, in.text("kind"));
    if (kind != "scorecard") return in.error("kind '" + kind + "' is not supported");
    auto state = std::make_unique<State>();
    TRY(state->name, in.text("name"));
    TRY(state->intercept, in.number("intercept"));
    TRY_VOID(read_features(in, *state));
    TRY_VOID(read_scale(in, *state));
    TRY_VOID(read_reference(in, *state));
    auto model = std::make_shared<const Scorecard>(std::move(state));
    TRY_VOID(check_golden(in, *model));
    return model;
}

double Scorecard::score(const Cell* row, std::span<const std::uint16_t> slots,
                        std::span<double> points) const {
    double z = state_->intercept;
    const Feature* feature = state_->features.data();
    for (std::size_t i = 0; i < slots.size(); ++i, ++feature) {
        std::size_t bin = feature->bin_of(row[slots[i]]);
        z += feature->terms[bin];
        if (!points.empty()) points[i] = feature->points[bin];
    }
    return 1 / (1 + std::exp(-z));
}

std::int32_t Scorecard::rounded(double score) {
    return static_cast<std::int32_t>(std::lround(score));
}

double Scorecard::total_points(std::span<const double> points) const {
    double total = 0;
    for (double one : points) total += one;
    return total;
}

std::string Feature::label(std::size_t bin) const {
    if (bin + 1 == woe.size()) return "missing";
    auto number = [](double edge) { return nlohmann::json(edge).dump(); };
    if (!is_text) {
        if (edges.empty()) return "any";
        if (bin == 0) return "x < " + number(edges.front());
        std::string from = number(edges[bin - 1]) + " <= x";
        return bin == edges.size() ? from : from + " < " + number(edges[bin]);
    }
    if (bin + 2 == woe.size()) return "other";
    std::string list;
    for (const auto& text : groups[bin]) list += (list.empty() ? "" : ", ") + text;
    return list;
}

std::string Scorecard::bin_text(std::size_t index, const Cell& cell) const {
    const Feature& feature = state_->features[index];
    return feature.label(feature.bin_of(cell));
}

std::vector<ScorecardBin> Scorecard::bins(std::size_t index) const {
    const Feature& feature = state_->features[index];
    std::vector<ScorecardBin> bins;
    for (std::size_t bin = 0; bin < feature.woe.size(); ++bin)
        bins.push_back({feature.label(bin), feature.shares[bin], feature.points[bin]});
    return bins;
}

std::vector<double> Scorecard::approved_near(double approve_below) const {
    std::vector<double> mean(state_->features.size(), 0.0);
    double wanted = kNearShare * static_cast<double>(state_->reference_rows);
    double rows = 0;
    auto add = [&](const Band& band) {
        auto count = static_cast<double>(band.rows);
        for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += count * band.mean_points[i];
        rows += count;
    };
    for (auto band = state_->bands.rbegin(); band != state_->bands.rend() && rows < wanted; ++band)
        if (band->pd_below <= approve_below) add(*band);
    if (rows == 0) add(state_->bands.front());
    for (double& value : mean) value /= rows;
    return mean;
}

}  // namespace loanstream
