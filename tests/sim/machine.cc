#include "sim/machine.h"

#include <fmt/format.h>

#include <algorithm>

namespace loanstream::sim {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t kStackBytes = 1 << 20;
constexpr std::uint64_t kSwitchOneIn = 3;       // calls
constexpr std::int64_t kMostSwitches = 60'000;  // of a seed; a usual one has some thousands
constexpr milliseconds kLongestSleepOfAZombie{20'000}, kLongestSlowness{9'000};

}  // namespace

std::uint64_t Chance::next() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_;
}

std::string Faults::text() const {
    return fmt::format("dies {} power {} fails {} answer lost {} disk full {} zombie {} slow {}",
                       dies, power, fails, answer_lost, disk_full, zombie, slow);
}

struct Machine::Fiber {
    Fiber(Machine& its_machine, Program its_program)
        : machine(its_machine), program(std::move(its_program)) {}
    Machine& machine;
    Program program;
    ucontext_t context{};
    std::unique_ptr<char[]> stack = std::make_unique<char[]>(kStackBytes);
    std::unique_ptr<ProcessEnv> env;
    bool running = false, done = false;
    milliseconds wakes{0};   // sleeps until then
    milliseconds paused{0};  // a zombie until then
};

ProcessEnv::ProcessEnv(Machine& machine, std::string name)
    : FaultyEnv(machine.disk()), machine_(machine), name_(std::move(name)) {
    before_call([this](std::int64_t call) { before(call); });
}

void ProcessEnv::before(std::int64_t) {
    if (dead_) return strike(Fault::kFailsOnce);
    if (machine_.chance_.one_in(kSwitchOneIn)) machine_.yield();
    Fault fault = dead_ ? Fault::kNone : machine_.draw();
    if (dead_) return strike(Fault::kFailsOnce);  // while it slept, or just now
    if (fault == Fault::kNone) return;
    machine_.note(fmt::format("{}: fault {} at call {}", name_, static_cast<int>(fault), calls()));
    if (fault == Fault::kDiesBefore || fault == Fault::kDiesAfter) dead_ = true;
    strike(fault);
}

void ProcessEnv::die() { dead_ = true; }

void ProcessEnv::sleep_for(milliseconds duration) {
    machine_.sleep(duration);  // the dead too: what waits for a time must come to its end
}

std::uint64_t ProcessEnv::random() { return machine_.disk_.random(); }

Machine::Machine(std::uint64_t seed, Faults faults, std::int64_t start_ms)
    : disk_(seed), chance_(seed), faults_(faults), start_ms_(start_ms) {
    disk_.advance(milliseconds(start_ms - disk_.now().value));
}

Machine::~Machine() = default;

void Machine::add(Program program) {
    fibers_.push_back(std::make_unique<Fiber>(*this, std::move(program)));
}

void Machine::note(const std::string& line) {
    if (loud_) fmt::print("{:8.3f} s  {}\n", static_cast<double>(now_.count()) / 1000, line);
}

void Machine::enter(unsigned high, unsigned low) {
    auto* fiber = reinterpret_cast<Fiber*>((static_cast<std::uintptr_t>(high) << 32) | low);
    bool said_done = fiber->program.run(*fiber->env);
    fiber->done = said_done && (fiber->machine.calm_ || fiber->program.ends_early);
    fiber->running = false;
    fiber->wakes = fiber->machine.now_ + fiber->program.pause;
    swapcontext(&fiber->context, &fiber->machine.scheduler_);
}

void Machine::start(Fiber& fiber) {
    note(fiber.program.name + ": starts");
    fiber.env = std::make_unique<ProcessEnv>(*this, fiber.program.name);
    fiber.running = true;
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.get();
    fiber.context.uc_stack.ss_size = kStackBytes;
    fiber.context.uc_link = &scheduler_;
    auto address = reinterpret_cast<std::uintptr_t>(&fiber);
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&Machine::enter), 2,
                static_cast<unsigned>(address >> 32), static_cast<unsigned>(address));
}

void Machine::resume(Fiber& fiber) {
    ++switches_;
    current_ = &fiber;
    swapcontext(&scheduler_, &fiber.context);
    current_ = nullptr;
}

void Machine::yield() { swapcontext(&current_->context, &scheduler_); }

void Machine::sleep(milliseconds duration) {
    current_->wakes = now_ + std::max(duration, milliseconds(1));
    yield();
}

FaultyEnv::Fault Machine::draw() {
    using Fault = FaultyEnv::Fault;
    if (calm_) return Fault::kNone;
    if (chance_.one_in(faults_.slow)) {  // others go on meanwhile
        current_->paused = now_ + milliseconds(1 + chance_.below(kLongestSlowness.count()));
        yield();
        if (current_->env->is_dead()) return Fault::kNone;
    }
    if (!current_->program.faulty) return Fault::kNone;
    if (chance_.one_in(faults_.zombie) && !current_->program.locks.empty()) make_zombie(*current_);
    if (chance_.one_in(faults_.power)) {
        lose_power();
        return Fault::kNone;
    }
    Fault fault = Fault::kNone;
    if (chance_.one_in(faults_.dies))
        fault = chance_.one_in(2) ? Fault::kDiesBefore : Fault::kDiesAfter;
    else if (chance_.one_in(faults_.fails))
        fault = Fault::kFailsOnce;
    else if (chance_.one_in(faults_.answer_lost))
        fault = Fault::kAnswerLost;
    else if (chance_.one_in(faults_.disk_full))
        fault = Fault::kDiskFull;
    struck_ += fault != Fault::kNone;
    return fault;
}

// The machine hangs for one process, and its locks are taken from under it.
void Machine::make_zombie(Fiber& fiber) {
    note(fiber.program.name + ": hangs, its locks are lost");
    ++struck_;
    for (const std::string& path : fiber.program.locks) disk_.break_lock(path);
    auto pause = milliseconds(1 + chance_.below(kLongestSleepOfAZombie.count()));
    fiber.paused = now_ + pause;
    yield();
}

// Every process ends in the call that it is in; what was not synced is gone.
void Machine::lose_power() {
    note("the power fails");
    ++power_failures_;
    ++struck_;
    for (auto& fiber : fibers_) {
        if (!fiber->running || !fiber->program.faulty) continue;
        fiber->env->die();
        fiber->paused = fiber->wakes = now_;
    }
    using Unsynced = MemoryEnv::Unsynced;
    disk_.lose_power(chance_.one_in(2) ? Unsynced::kGone : Unsynced::kPartlyThere);
}

std::string Machine::who_runs() const {
    std::string text;
    for (const auto& fiber : fibers_)
        if (!fiber->done)
            text += fmt::format("{}{} ({} calls)", text.empty() ? "" : ", ", fiber->program.name,
                                fiber->env ? fiber->env->calls() : 0);
    return text;
}

void Machine::advance_to_next() {
    milliseconds next = milliseconds::max();
    for (auto& fiber : fibers_)
        if (!fiber->done) next = std::min(next, std::max(fiber->wakes, fiber->paused));
    if (next == milliseconds::max() || next <= now_) return;
    disk_.advance(next - now_);
    now_ = next;
}

bool Machine::run(milliseconds storm, milliseconds longest) {
    while (now_ < longest && switches_ < kMostSwitches) {
        calm_ = calm_ || now_ >= storm;
        std::vector<Fiber*> ready;
        bool all_done = true;
        for (auto& fiber : fibers_) {
            all_done = all_done && fiber->done;
            if (calm_) fiber->paused = std::min(fiber->paused, now_);
            if (!fiber->done && std::max(fiber->wakes, fiber->paused) <= now_)
                ready.push_back(fiber.get());
        }
        if (all_done || stopped_) return true;
        if (ready.empty()) {
            advance_to_next();
            continue;
        }
        Fiber& chosen = *ready[chance_.below(ready.size())];
        if (!chosen.running) start(chosen);
        resume(chosen);
    }
    return false;
}

}  // namespace loanstream::sim
