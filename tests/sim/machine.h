// The simulated machine: a disk that forgets what was not synced, a clock that stands while anybody
// works, and processes that run one at a time and change places at the calls of the Env. One seed
// decides who runs, what goes wrong and when. One thread: processes are fibers.
#pragma once

#include <ucontext.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/faulty_env.h"
#include "base/memory_env.h"

namespace loanstream::sim {

// xorshift; all chance of a run comes from one of these.
class Chance {
public:
    explicit Chance(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15 + 1) {}
    std::uint64_t next();
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    bool one_in(std::uint64_t n) { return n != 0 && next() % n == 0; }

private:
    std::uint64_t state_;
};

// How often each kind of fault strikes a call, one in so many; 0: never.
struct Faults {
    std::uint64_t dies = 0, power = 0, fails = 0, answer_lost = 0, disk_full = 0, zombie = 0,
                  slow = 0;
    std::string text() const;
};

class Machine;

// What one process sees of the machine.
class ProcessEnv : public FaultyEnv {
public:
    ProcessEnv(Machine& machine, std::string name);
    void sleep_for(std::chrono::milliseconds duration) override;
    std::uint64_t random() override;
    void die();
    bool is_dead() const { return dead_; }

private:
    void before(std::int64_t call);
    Machine& machine_;
    std::string name_;
    bool dead_ = false;
};

// A program that is started again whenever it has ended, until the machine is calm and it has said
// that it is done.
struct Program {
    std::string name;
    // True: done, do not start again. Runs on a fiber of its own with a fresh Env.
    std::function<bool(ProcessEnv&)> run;
    bool faulty = true;                    // a reader meets no faults of its own
    bool ends_early = false;               // may be done before the machine is calm
    std::vector<std::string> locks{};      // that a zombie loses
    std::chrono::milliseconds pause{500};  // before it is started again
};

class Machine {
public:
    Machine(std::uint64_t seed, Faults faults, std::int64_t start_ms);
    ~Machine();
    void add(Program program);
    // Until every program is done, or one has asked to stop; false when that takes too long (a
    // hang).
    bool run(std::chrono::milliseconds storm, std::chrono::milliseconds longest);

    void stop() { stopped_ = true; }
    MemoryEnv& disk() { return disk_; }
    Chance& chance() { return chance_; }
    // No fault comes any more: what must hold in the end is to come about now.
    bool is_calm() const { return calm_; }
    std::chrono::milliseconds now() const { return now_; }  // since the start
    void note(const std::string& line);
    void be_loud() { loud_ = true; }
    std::string who_runs() const;  // those that are not done
    std::int64_t switches() const { return switches_; }
    std::int64_t struck() const { return struck_; }
    int power_failures() const { return power_failures_; }

private:
    friend class ProcessEnv;
    struct Fiber;
    static void enter(unsigned high, unsigned low);
    void start(Fiber& fiber);
    void resume(Fiber& fiber);
    void yield();
    void sleep(std::chrono::milliseconds duration);
    void lose_power();
    void make_zombie(Fiber& fiber);
    void advance_to_next();
    FaultyEnv::Fault draw();

    MemoryEnv disk_;
    Chance chance_;
    Faults faults_;
    std::vector<std::unique_ptr<Fiber>> fibers_;
    Fiber* current_ = nullptr;
    ucontext_t scheduler_{};
    std::chrono::milliseconds now_{0};
    std::int64_t start_ms_, switches_ = 0, struck_ = 0;
    int power_failures_ = 0;
    bool calm_ = false, loud_ = false, stopped_ = false;
};

}  // namespace loanstream::sim
