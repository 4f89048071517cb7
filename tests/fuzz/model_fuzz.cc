// A model file. Holds: whatever loads gives, for each value a field can have, a probability of 0
// to 1, finite points that add up, and a bin with a name.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/check.h"
#include "model/scorecard.h"

using namespace loanstream;

namespace {

// Cells around every edge and of every group of one feature.
std::vector<Cell> cells_of(const nlohmann::json& feature, bool is_text) {
    std::vector<Cell> cells(1);
    auto add_text = [&](std::string_view text) {
        Cell cell;
        cell.state = CellState::kText;
        cell.text = text.data();
        cell.text_length = static_cast<std::uint32_t>(text.size());
        cells.push_back(cell);
    };
    auto add_number = [&](double number) {
        Cell cell;
        cell.state = CellState::kNumber;
        cell.number = number;
        cells.push_back(cell);
    };
    if (is_text) {
        add_text("in no group");
        for (const auto& group : feature.at("groups"))
            for (const auto& text : group) add_text(text.get_ref<const std::string&>());
        return cells;
    }
    for (double number : {0.0, -1e308, 1e308}) add_number(number);
    for (const auto& edge : feature.at("edges")) {
        add_number(edge.get<double>());
        add_number(std::nextafter(edge.get<double>(), -1e308));
    }
    return cells;
}

void check_row(const Scorecard& model, const std::vector<Cell>& row) {
    std::vector<std::uint16_t> slots(row.size());
    for (std::size_t i = 0; i < slots.size(); ++i) slots[i] = static_cast<std::uint16_t>(i);
    std::vector<double> points(row.size());
    double probability = model.score(row.data(), slots, points);
    LOANSTREAM_CHECK(probability >= 0 && probability <= 1);
    LOANSTREAM_CHECK(probability == model.score(row.data(), slots, {}));
    for (double one : points) LOANSTREAM_CHECK(std::isfinite(one));
    LOANSTREAM_CHECK(std::isfinite(model.total_points(points)));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    auto model = Scorecard::parse(text, "fuzz.json");
    if (!model) {
        LOANSTREAM_CHECK(model.error().where.starts_with("fuzz.json"));
        return 0;
    }
    auto json = nlohmann::json::parse(text);
    const auto& features = (*model)->features();
    std::vector<std::vector<Cell>> cells;
    std::size_t most = 0;
    for (std::size_t i = 0; i < features.size(); ++i) {
        cells.push_back(cells_of(json.at("features").at(i), features[i].is_text));
        most = std::max(most, cells.back().size());
        for (const Cell& cell : cells.back())
            LOANSTREAM_CHECK(features[i].is_text || !(*model)->bin_text(i, cell).empty());
        for (const ScorecardBin& bin : (*model)->bins(i))
            LOANSTREAM_CHECK(std::isfinite(bin.points));
    }
    for (std::size_t round = 0; round < most; ++round) {
        std::vector<Cell> row;
        for (const auto& some : cells) row.push_back(some[round % some.size()]);
        check_row(**model, row);
    }
    for (double cut_off : {0.01, 0.2, 1.0})
        for (double mean : (*model)->approved_near(cut_off)) LOANSTREAM_CHECK(std::isfinite(mean));
    return 0;
}
