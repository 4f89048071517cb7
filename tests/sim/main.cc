// sim --seeds N [--from S]    runs so many worlds; the first that does not hold ends it with 1
// sim --seed S                one, with all that happens
// sim --plants FILE           plants each bug: one of its seeds in FILE must find it
// sim --plant NAME            looks for a seed that finds it
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/plants.h"
#include "sim/world.h"

using loanstream::sim::World;

namespace loanstream {
PlantedBug planted_bug = PlantedBug::kNone;
}

namespace {

int run_one(std::uint64_t seed) {
    World world(seed, true);
    fmt::print("seed {}: {}\n", seed, world.shape().text());
    std::string violation = world.run();
    fmt::print("{}\n", violation.empty() ? "held" : "VIOLATED: " + violation);
    return violation.empty() ? 0 : 1;
}

int run_many(std::uint64_t from, std::uint64_t seeds) {
    std::int64_t switches = 0, struck = 0, looks = 0;
    for (std::uint64_t seed = from; seed < from + seeds; ++seed) {
        World world(seed, false);
        std::string violation = world.run();
        switches += world.machine().switches();
        struck += world.machine().struck();
        looks += world.looks();
        if (violation.empty()) continue;
        fmt::print("seed {}: {}\n{}\nreplay: ./dev sim --seed {}\n", seed, world.shape().text(),
                   violation, seed);
        return 1;
    }
    fmt::print(
        "{} seeds from {} held: {} faults, {} switches between processes, {} looks of "
        "readers\n",
        seeds, from, struck, switches, looks);
    return 0;
}

constexpr std::uint64_t kMostSeedsOfAPlant = 2000;

using loanstream::PlantedBug;

std::optional<PlantedBug> plant_named(std::string_view name) {
#define LOANSTREAM_PLANT_NAME(id, its_name) \
    if (name == its_name) return PlantedBug::id;
    LOANSTREAM_PLANTED_BUGS(LOANSTREAM_PLANT_NAME)
#undef LOANSTREAM_PLANT_NAME
    return std::nullopt;
}

// True where one of the seeds finds it.
bool finds(std::string_view name, PlantedBug bug, const std::vector<std::uint64_t>& seeds) {
    loanstream::planted_bug = bug;
    for (std::uint64_t seed : seeds) {
        World world(seed, false);
        std::string violation = world.run();
        if (violation.empty()) continue;
        fmt::print("{}: found by seed {}: {}\n", name, seed, violation);
        return true;
    }
    fmt::print("{}: NOT FOUND by {} seeds\n", name, seeds.size());
    return false;
}

// Without a seed, looks for the first that finds it.
int run_plant(const std::string& name, std::uint64_t seed) {
    auto bug = plant_named(name);
    if (!bug) return fmt::print(stderr, "no planted bug '{}'\n", name), 2;
    loanstream::planted_bug = *bug;
    if (seed != 0) return run_one(seed);
    std::vector<std::uint64_t> seeds(kMostSeedsOfAPlant);
    std::iota(seeds.begin(), seeds.end(), 1);
    return finds(name, *bug, seeds) ? 0 : 1;
}

// Lines "NAME SEED...", one for every bug that can be planted.
int run_plants(const std::string& path) {
    std::set<std::string> missing;
#define LOANSTREAM_PLANT_NAME(id, its_name) missing.insert(its_name);
    LOANSTREAM_PLANTED_BUGS(LOANSTREAM_PLANT_NAME)
#undef LOANSTREAM_PLANT_NAME
    missing.erase("none");
    std::ifstream file(path);
    std::string line;
    bool all = true;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream words(line);
        std::string name;
        words >> name;
        std::vector<std::uint64_t> seeds;
        for (std::uint64_t seed = 0; words >> seed;) seeds.push_back(seed);
        auto bug = plant_named(name);
        if (!bug) return fmt::print(stderr, "no planted bug '{}'\n", name), 2;
        all = finds(name, *bug, seeds) && all;
        missing.erase(name);
    }
    for (const auto& name : missing) fmt::print("{}: NOT FOUND: no seed of it in {}\n", name, path);
    return all && missing.empty() ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    std::uint64_t from = 1, seeds = 0, seed = 0;
    std::string plant, plants;
    for (int i = 1; i + 1 < count; i += 2) {
        std::uint64_t value = std::strtoull(words[i + 1], nullptr, 10);
        if (std::strcmp(words[i], "--seeds") == 0) seeds = value;
        if (std::strcmp(words[i], "--from") == 0) from = value;
        if (std::strcmp(words[i], "--seed") == 0) seed = value;
        if (std::strcmp(words[i], "--plant") == 0) plant = words[i + 1];
        if (std::strcmp(words[i], "--plants") == 0) plants = words[i + 1];
    }
    if (!plants.empty()) return run_plants(plants);
    if (!plant.empty()) return run_plant(plant, seed);
    if (seed != 0) return run_one(seed);
    if (seeds != 0) return run_many(from, seeds);
    fmt::print(stderr,
               "sim --seeds N [--from S] | --seed S | --plants FILE | "
               "--plant NAME [--seed S]\n");
    return 2;
}
