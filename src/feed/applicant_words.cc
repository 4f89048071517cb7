#include "feed/applicant_words.h"

#include <array>
#include <iterator>
#include <string>

#include "feed/applicant_statistics.h"

namespace loanstream {

namespace {

// The first few as often as they are in real applications, where most titles are met only once.
constexpr std::string_view kFrequent[] = {"Owner", "Manager", "Teacher", "Registered Nurse",
                                          "Driver"};
constexpr std::string_view kRanks[] = {"Senior ",    "Junior ", "Lead ",     "Assistant ",
                                       "Chief ",     "Deputy ", "Regional ", "Principal ",
                                       "Associate ", "Night ",  "District "};
constexpr std::string_view kFields[] = {
    "Account",      "Administrative", "Warehouse",  "Sales",      "Service",   "Customer",
    "Project",      "Office",         "Production", "Operations", "Marketing", "Maintenance",
    "Construction", "Medical",        "Dental",     "School",     "Shipping",  "Credit",
    "Claims",       "Software",       "Network",    "Quality",    "Security",  "Kitchen"};
constexpr std::string_view kRoles[] = {"Manager",    "Supervisor", "Specialist", "Assistant",
                                       "Technician", "Clerk",      "Analyst",    "Coordinator",
                                       "Director",   "Engineer",   "Officer",    "Consultant",
                                       "Operator",   "Inspector",  "Planner",    "Instructor"};

struct Title {
    std::string_view purpose, title;
};
constexpr Title kTitles[] = {{"credit_card", "Credit card refinancing"},
                             {"debt_consolidation", "Debt consolidation"},
                             {"home_improvement", "Home improvement"},
                             {"major_purchase", "Major purchase"},
                             {"medical", "Medical expenses"},
                             {"car", "Car financing"},
                             {"small_business", "Business"},
                             {"moving", "Moving and relocation"},
                             {"vacation", "Vacation"},
                             {"house", "Home buying"},
                             {"renewable_energy", "Green loan"}};

struct ZipRange {
    std::string_view state;
    int low, high;
};
constexpr ZipRange kZips[] = {
    {"AK", 995, 999}, {"AL", 350, 369}, {"AR", 716, 729}, {"AZ", 850, 865}, {"CA", 900, 961},
    {"CO", 800, 816}, {"CT", 60, 69},   {"DC", 200, 205}, {"DE", 197, 199}, {"FL", 320, 349},
    {"GA", 300, 319}, {"HI", 967, 968}, {"IA", 500, 528}, {"ID", 832, 838}, {"IL", 600, 629},
    {"IN", 460, 479}, {"KS", 660, 679}, {"KY", 400, 427}, {"LA", 700, 714}, {"MA", 10, 27},
    {"MD", 206, 219}, {"ME", 39, 49},   {"MI", 480, 499}, {"MN", 550, 567}, {"MO", 630, 658},
    {"MS", 386, 397}, {"MT", 590, 599}, {"NC", 270, 289}, {"ND", 580, 588}, {"NE", 680, 693},
    {"NH", 30, 38},   {"NJ", 70, 89},   {"NM", 870, 884}, {"NV", 889, 898}, {"NY", 100, 149},
    {"OH", 430, 459}, {"OK", 730, 749}, {"OR", 970, 979}, {"PA", 150, 196}, {"RI", 28, 29},
    {"SC", 290, 299}, {"SD", 570, 577}, {"TN", 370, 385}, {"TX", 750, 799}, {"UT", 840, 847},
    {"VA", 220, 246}, {"VT", 50, 59},   {"WA", 980, 994}, {"WI", 530, 549}, {"WV", 247, 268},
    {"WY", 820, 831}};

constexpr int all_shares() {
    int sum = 0;
    for (const auto& state : applicant_statistics::kStates) sum += state.share;
    return sum;
}

// One byte for each share, so that a draw is one look.
constexpr auto kStateOfShare = [] {
    std::array<std::uint8_t, all_shares()> states{};
    std::size_t at = 0;
    for (std::size_t i = 0; i < std::size(applicant_statistics::kStates); ++i)
        for (int k = 0; k < applicant_statistics::kStates[i].share; ++k)
            states[at++] = static_cast<std::uint8_t>(i);
    return states;
}();

constexpr auto kZipsOfState = [] {
    std::array<ZipRange, std::size(applicant_statistics::kStates)> ranges{};
    for (std::size_t i = 0; i < ranges.size(); ++i)
        for (const auto& range : kZips)
            if (range.state == applicant_statistics::kStates[i].name) ranges[i] = range;
    return ranges;
}();
static_assert([] {
    for (const auto& range : kZipsOfState)
        if (range.state.empty()) return false;
    return true;
}());

template <std::size_t count>
std::string_view one_of(const std::string_view (&words)[count], RandomBits& random) {
    return words[random.next() % count];
}

}  // namespace

void append_occupation(std::string& out, RandomBits& random) {
    if (random.chance(0.11)) {
        out += one_of(kFrequent, random);
        return;
    }
    if (random.chance(0.4)) out += one_of(kRanks, random);
    out += one_of(kFields, random);
    out += ' ';
    out += one_of(kRoles, random);
}

std::string_view title_of(std::string_view purpose) {
    for (const auto& title : kTitles)
        if (title.purpose == purpose) return title.title;
    return "Other";
}

Place place_of_living(RandomBits& random) {
    const ZipRange& range = kZipsOfState[kStateOfShare[random.next() % kStateOfShare.size()]];
    return {range.state, random.whole(range.low, range.high)};
}

}  // namespace loanstream
