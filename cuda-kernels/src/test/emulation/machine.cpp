// Runs the blocks of a launch, one after another, each thread as a fiber of the calling thread.

#include "machine.h"

#include <algorithm>
#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <new>
#include <tuple>

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "immortal.h"

#if !defined(__x86_64__)
#error "Fibers are written for x86-64 only: switch_stack and on_fault need twins."
#endif

namespace emulation {

Running running;

/// The lanes of a warp that meet under one mask. Slots are double-buffered: a lane may still read
/// what was given in one exchange while others have come to the next.
struct Exchange {
  uint32_t mask;
  uint32_t arrived = 0;
  uint64_t turn = 0;
  const char* what = nullptr;
  Site site = {};
  Slot slots[2][32];
};

struct Warp {
  unsigned first_thread = 0;
  uint32_t lanes = 0;  // that exist
  std::vector<std::unique_ptr<Exchange>> exchanges;
};

namespace {

constexpr size_t PAGE = 4096;
constexpr size_t STACK = 64 * 1024;
constexpr unsigned MAX_THREADS = 1024;
constexpr size_t MAX_DYNAMIC_SHARED = 228 * 1024;

// ---- The state of the launch that runs ----

struct Block {
  const Kernel* kernel = nullptr;
  void* const* arguments = nullptr;
  uint64_t order = FORWARD;
  uint64_t random = 0;

  unsigned thread_count = 0;
  unsigned alive = 0;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<unsigned> thread_at;      // position -> index of the thread
  std::vector<uint64_t> ready;          // a bit for each position
  unsigned next_position = 0;           // where the search for the next thread begins

  unsigned in_barrier = 0;
  int barrier_sum = 0;
  Site barrier_site = {};
  const char* barrier_what = nullptr;
  Meeting barrier_result = {};

  unsigned char* shared_end = nullptr;  // of dynamic shared memory; a guard page follows
  size_t shared_size = 0;

  void* scheduler = nullptr;  // its stack pointer while a thread runs
  int result = SUCCESS;       // of the kernel that fails
  char message[1024];
};
Immortal<Block> immortal_block;
Block& block = immortal_block.value;

/// Saves the registers that a function keeps and the stack pointer to *save, goes on at `load`.
extern "C" void tapscope_switch_stack(void** save, void* load)
    __attribute__((visibility("hidden")));
asm(R"(
.text
.hidden tapscope_switch_stack
.globl tapscope_switch_stack
.type tapscope_switch_stack, @function
tapscope_switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size tapscope_switch_stack, .-tapscope_switch_stack
)");

void set_ready(unsigned position) { block.ready[position / 64] |= uint64_t{1} << position % 64; }
void clear_ready(unsigned position) {
  block.ready[position / 64] &= ~(uint64_t{1} << position % 64);
}

uint64_t next_random() {  // xorshift
  block.random ^= block.random << 13;
  block.random ^= block.random >> 7;
  block.random ^= block.random << 17;
  return block.random;
}

/// The first ready position from `from` on, around the end; -1 where none is ready.
int find_ready(unsigned from) {
  const unsigned words = static_cast<unsigned>(block.ready.size());
  unsigned word = from / 64;
  uint64_t bits = block.ready[word] & (~uint64_t{0} << from % 64);
  for (unsigned i = 0; i <= words; i++) {
    if (bits != 0) {
      return static_cast<int>(word * 64 + static_cast<unsigned>(__builtin_ctzll(bits)));
    }
    word = word + 1 == words ? 0 : word + 1;
    bits = block.ready[word];
  }
  return -1;
}

/// The name of a file without its folders.
const char* name_of(const char* file) {
  const char* slash = strrchr(file, '/');
  return slash == nullptr ? file : slash + 1;
}

/// Goes on with the next ready thread, or with the scheduler where there is none (all have exited,
/// or wait for each other).
void switch_from(void** save) {
  if (block.order != FORWARD && block.order != REVERSE) {
    block.next_position = static_cast<unsigned>(next_random() % block.thread_count);
  }
  const int position = find_ready(block.next_position);
  if (position < 0) {
    running.thread = nullptr;
    tapscope_switch_stack(save, block.scheduler);
    return;
  }
  const unsigned next = static_cast<unsigned>(position);
  block.next_position = next + 1 == block.thread_count ? 0 : next + 1;
  Thread* thread = &block.threads[block.thread_at[next]];
  if (save == &thread->stack_pointer) {
    return;  // it is its own next
  }
  running.thread = thread;
  tapscope_switch_stack(save, thread->stack_pointer);
}

void yield() {
  Thread* self = running.thread;
  switch_from(&self->stack_pointer);
}

void release_barrier() {
  block.barrier_result = {block.barrier_sum, static_cast<int>(block.in_barrier)};
  block.in_barrier = 0;
  block.barrier_sum = 0;
  for (unsigned i = 0; i < block.thread_count; i++) {
    if (!block.threads[i].exited) {
      set_ready(block.threads[i].position);
    }
  }
}

/// Ends the launch from a thread's stack, which is left as it stands.
[[noreturn]] void abandon(int result) {
  block.result = result;
  running.thread = nullptr;
  void* nowhere;
  tapscope_switch_stack(&nowhere, block.scheduler);
  abort();  // nobody comes back here
}

void thread_main() {
  block.kernel->call(block.arguments);
  Thread* self = running.thread;
  self->exited = true;
  clear_ready(self->position);
  block.alive--;
  if (block.alive > 0 && block.in_barrier == block.alive) {
    release_barrier();  // whoever has exited is not waited for
  }
  switch_from(&self->stack_pointer);
  abort();  // an exited thread never runs again
}

// ---- Faults: what a kernel may not touch ends the kernel, not the process ----

std::atomic<bool> kernel_runs{false};
std::atomic<pthread_t> kernel_thread{};
struct sigaction old_actions[65];
alignas(16) unsigned char fault_stack[64 * 1024];
int fault_signal;
uintptr_t fault_address;

void on_fault_landed() {
  const Thread* thread = running.thread;
  const uint3 at = running.block_index;
  const uint3 index = thread->index;
  const uintptr_t stack = reinterpret_cast<uintptr_t>(thread->stack);
  const uintptr_t shared_end = reinterpret_cast<uintptr_t>(block.shared_end);
  int result = ILLEGAL_ADDRESS;
  std::string what;
  if (fault_signal == SIGFPE) {
    result = LAUNCH_FAILED;
    what = "divides an integer by zero";
  } else if (fault_address >= stack - PAGE && fault_address < stack) {
    result = LAUNCH_FAILED;
    what = "has more on its stack than the emulator's 64 KiB";
  } else if (fault_address >= shared_end && fault_address < shared_end + PAGE) {
    what = "touches dynamic shared memory " + std::to_string(fault_address - shared_end) +
           " bytes behind the " + std::to_string(block.shared_size) + " bytes of the launch";
  } else if (fault_address == 0) {
    what = "touches the null address, one that is none (poison?), or one that is not aligned";
  } else {
    what = describe_address(fault_address);
  }
  snprintf(block.message, sizeof block.message,
           "thread (%u, %u, %u) of block (%u, %u, %u) %s", index.x, index.y, index.z, at.x, at.y,
           at.z, what.c_str());
  abandon(result);
}

/// The JVM has handlers of its own for these signals, and needs them: whatever does not come from a
/// kernel goes on to the handler that was there before.
void on_fault(int signal, siginfo_t* info, void* context) {
  if (kernel_runs.load() && pthread_equal(kernel_thread.load(), pthread_self()) &&
      running.thread != nullptr) {
    fault_signal = signal;
    fault_address = info->si_code > 0 ? reinterpret_cast<uintptr_t>(info->si_addr) : 0;
    // Returning from the signal goes to on_fault_landed, with the top of the thread's stack (what
    // stood there is not needed any more), as if it had just been called.
    greg_t* registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const uintptr_t top = reinterpret_cast<uintptr_t>(running.thread->stack) + STACK;
    registers[REG_RSP] = static_cast<greg_t>(top - 8);
    registers[REG_RIP] = reinterpret_cast<greg_t>(&on_fault_landed);
    return;
  }
  const struct sigaction& old = old_actions[signal];
  if ((old.sa_flags & SA_SIGINFO) != 0) {
    old.sa_sigaction(signal, info, context);
  } else if (old.sa_handler == SIG_DFL) {
    sigaction(signal, &old, nullptr);  // the instruction runs again, and ends the process
  } else if (old.sa_handler != SIG_IGN) {
    old.sa_handler(signal);
  }
}

/// Handlers stand while a kernel runs, and no longer.
class FaultGuard {
 public:
  FaultGuard() {
    kernel_thread.store(pthread_self());
    stack_t stack = {};
    stack.ss_sp = fault_stack;
    stack.ss_size = sizeof fault_stack;
    sigaltstack(&stack, &old_stack);
    for (const int signal : SIGNALS) {
      // Known before the new handler can run: another thread's fault may come at any time.
      sigaction(signal, nullptr, &old_actions[signal]);
      struct sigaction action = {};
      action.sa_sigaction = on_fault;
      action.sa_flags = old_actions[signal].sa_flags | SA_SIGINFO | SA_ONSTACK;
      action.sa_flags &= ~static_cast<int>(SA_RESETHAND);
      action.sa_mask = old_actions[signal].sa_mask;
      sigaction(signal, &action, nullptr);
    }
    kernel_runs.store(true);
  }

  ~FaultGuard() {
    kernel_runs.store(false);
    for (const int signal : SIGNALS) {
      sigaction(signal, &old_actions[signal], nullptr);
    }
    sigaltstack(&old_stack, nullptr);
  }

  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

 private:
  static constexpr int SIGNALS[] = {SIGSEGV, SIGBUS, SIGFPE};
  stack_t old_stack;
};

// ---- Blocks ----

/// Memory with a page before and one behind it that nobody may touch.
unsigned char* map_guarded(size_t bytes) {
  void* all = mmap(nullptr, bytes + 2 * PAGE, PROT_NONE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (all == MAP_FAILED) {
    throw std::bad_alloc();
  }
  unsigned char* usable = static_cast<unsigned char*>(all) + PAGE;
  if (mprotect(usable, bytes, PROT_READ | PROT_WRITE) != 0) {
    throw std::bad_alloc();
  }
  return usable;
}

void prepare_stacks(unsigned count) {
  while (block.threads.size() < count) {
    Thread thread = {};
    thread.stack = map_guarded(STACK);
    block.threads.push_back(thread);
  }
  if (block.shared_end == nullptr) {
    block.shared_end = map_guarded(MAX_DYNAMIC_SHARED) + MAX_DYNAMIC_SHARED;
  }
}

void shuffle(std::vector<unsigned>& values) {
  for (size_t i = values.size(); i > 1; i--) {
    std::swap(values[i - 1], values[next_random() % i]);
  }
}

/// 0 ... count - 1 in the configured order.
void order(std::vector<unsigned>& values, size_t count) {
  values.resize(count);
  for (size_t i = 0; i < count; i++) {
    values[i] = static_cast<unsigned>(block.order == REVERSE ? count - 1 - i : i);
  }
  if (block.order != FORWARD && block.order != REVERSE) {
    shuffle(values);
  }
}

void prepare_thread(unsigned i, const dim3& size) {
  Thread& thread = block.threads[i];
  thread.index = {i % size.x, i / size.x % size.y, i / (size.x * size.y)};
  thread.lane = i % 32;
  thread.warp = &block.warps[i / 32];
  thread.exited = false;
  thread.waiting = {"to start", {"", 0}, 0};
  thread.copies.clear();
  thread.copy_group = 0;
  // What tapscope_switch_stack pops: six registers and the address to go on at; above them a null
  // in place of a return address, so that the stack is aligned as after a call.
  void** top = reinterpret_cast<void**>(thread.stack + STACK);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&thread_main);
  for (int i = 0; i < 6; i++) {
    *--top = nullptr;
  }
  thread.stack_pointer = top;
}

/// All threads that are left wait, and none of them can go on: who waits for what.
std::string describe_deadlock() {
  std::map<std::tuple<std::string, int, std::string, uint32_t>, unsigned> groups;
  for (unsigned i = 0; i < block.thread_count; i++) {
    const Thread& thread = block.threads[i];
    if (!thread.exited) {
      const Waiting& waiting = thread.waiting;
      groups[{name_of(waiting.site.file), waiting.site.line, waiting.what, waiting.mask}]++;
    }
  }
  const uint3 at = running.block_index;
  std::string text = "block (" + std::to_string(at.x) + ", " + std::to_string(at.y) + ", " +
                     std::to_string(at.z) + ") is deadlocked:";
  for (const auto& [place, count] : groups) {
    const auto& [file, line, what, mask] = place;
    text += " " + std::to_string(count) + " threads wait in " + what;
    if (mask != 0) {
      char hex[32];
      snprintf(hex, sizeof hex, " of the mask %08x", mask);
      text += hex;
    }
    text += " (" + file + ":" + std::to_string(line) + "),";
  }
  return text + " " + std::to_string(block.thread_count - block.alive) + " have exited";
}

/// Runs one block; false where it failed.
bool run_block(const dim3& size) {
  const Kernel& kernel = *block.kernel;
  // Poison: NaN as a float, -1 as an int, an address that is none.
  memset(kernel.shared_begin, 0xFF, static_cast<size_t>(kernel.shared_end - kernel.shared_begin));
  memset(dynamic_shared(), 0xFF, block.shared_size);
  block.alive = block.thread_count;
  block.in_barrier = 0;
  block.barrier_sum = 0;
  block.next_position = 0;
  order(block.thread_at, block.thread_count);
  for (unsigned position = 0; position < block.thread_count; position++) {
    block.threads[block.thread_at[position]].position = position;
    set_ready(position);
  }
  for (size_t w = 0; w < block.warps.size(); w++) {
    Warp& warp = block.warps[w];
    warp.first_thread = static_cast<unsigned>(32 * w);
    const unsigned lanes = std::min(32u, block.thread_count - warp.first_thread);
    warp.lanes = lanes == 32 ? 0xffffffffu : (1u << lanes) - 1;
    for (auto& exchange : warp.exchanges) {
      exchange->arrived = 0;
    }
  }
  for (unsigned i = 0; i < block.thread_count; i++) {
    prepare_thread(i, size);
  }
  switch_from(&block.scheduler);
  // Here again: all have exited, or one has failed, or they wait for each other.
  if (block.result != SUCCESS) {
    return false;
  }
  if (block.alive > 0) {
    block.result = LAUNCH_FAILED;
    snprintf(block.message, sizeof block.message, "%s", describe_deadlock().c_str());
    return false;
  }
  return true;
}

}  // namespace

const Kernel* find_kernel(const std::string& name) {
  for (auto table = kernel_tables; *table != nullptr; table++) {
    for (const Kernel* kernel = **table; kernel->name != nullptr; kernel++) {
      if (name == kernel->name) {
        return kernel;
      }
    }
  }
  return nullptr;
}

Outcome run(const Launch& launch) {
  const dim3& grid = launch.grid;
  const dim3& size = launch.block;
  const uint64_t threads = uint64_t{size.x} * size.y * size.z;
  if (threads == 0 || threads > MAX_THREADS || launch.dynamic_shared > MAX_DYNAMIC_SHARED) {
    return {INVALID_VALUE, "the block is larger than any that a device could run"};
  }
  block.kernel = launch.kernel;
  block.arguments = launch.arguments;
  block.order = launch.order;
  block.random = launch.order * 0x9E3779B97F4A7C15u + 1;
  block.thread_count = static_cast<unsigned>(threads);
  block.shared_size = launch.dynamic_shared;
  block.result = SUCCESS;
  prepare_stacks(block.thread_count);
  block.warps.clear();
  block.warps.resize((block.thread_count + 31) / 32);
  block.ready.assign((block.thread_count + 63) / 64, 0);
  running = {nullptr, {}, size, grid};

  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  std::vector<unsigned> block_order;
  if (blocks <= UINT32_MAX) {
    order(block_order, static_cast<size_t>(blocks));
  }
  FaultGuard guard;
  for (uint64_t i = 0; i < blocks; i++) {
    const uint64_t b = block_order.empty() ? i : block_order[i];
    running.block_index = {static_cast<unsigned>(b % grid.x),
                           static_cast<unsigned>(b / grid.x % grid.y),
                           static_cast<unsigned>(b / grid.x / grid.y)};
    if (!run_block(size)) {
      return {block.result, block.message};
    }
  }
  return {SUCCESS, ""};
}

// ---- What kernels call ----

void fail(const char* format, ...) {
  const uint3 at = running.block_index;
  const uint3 index = running.thread->index;
  const int length = snprintf(block.message, sizeof block.message,
                              "thread (%u, %u, %u) of block (%u, %u, %u) ", index.x, index.y,
                              index.z, at.x, at.y, at.z);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(block.message + length, sizeof block.message - static_cast<size_t>(length), format,
            arguments);
  va_end(arguments);
  abandon(LAUNCH_FAILED);
}

Meeting meet(const char* what, int value, Site site) {
  Thread* self = running.thread;
  if (block.in_barrier == 0) {
    block.barrier_site = site;
    block.barrier_what = what;
  } else if (!(block.barrier_site == site)) {
    fail("waits in %s at %s:%d while others of its block wait in %s at %s:%d: the barrier is "
         "divergent",
         what, name_of(site.file), site.line, block.barrier_what,
         name_of(block.barrier_site.file), block.barrier_site.line);
  }
  self->waiting = {what, site, 0};
  block.barrier_sum += value;
  block.in_barrier++;
  clear_ready(self->position);
  if (block.in_barrier == block.alive) {
    release_barrier();
  }
  yield();
  return block.barrier_result;
}

const Slot* exchange(uint32_t mask, const void* given, size_t bytes, const char* what, Site site) {
  Thread* self = running.thread;
  Warp* warp = self->warp;
  if ((mask >> self->lane & 1) == 0 || (mask & ~warp->lanes) != 0) {
    fail("(lane %u) calls %s at %s:%d with the mask %08x; its warp has the lanes %08x", self->lane,
         what, name_of(site.file), site.line, mask, warp->lanes);
  }
  Exchange* exchange = nullptr;
  for (auto& known : warp->exchanges) {
    if (known->mask == mask) {
      exchange = known.get();
      break;
    }
  }
  if (exchange == nullptr) {
    warp->exchanges.push_back(std::make_unique<Exchange>());
    exchange = warp->exchanges.back().get();
    exchange->mask = mask;
  }
  if (exchange->arrived == 0) {
    exchange->what = what;
    exchange->site = site;
  } else if (!(exchange->site == site)) {
    fail("(lane %u) calls %s at %s:%d while others of its warp wait in %s at %s:%d with the same "
         "mask",
         self->lane, what, name_of(site.file), site.line, exchange->what,
         name_of(exchange->site.file), exchange->site.line);
  }
  Slot* slots = exchange->slots[exchange->turn & 1];
  if (bytes > 0) {
    memcpy(slots[self->lane].bytes, given, bytes);
  }
  self->waiting = {what, site, mask};
  exchange->arrived |= 1u << self->lane;
  clear_ready(self->position);
  if (exchange->arrived == mask) {
    exchange->arrived = 0;
    exchange->turn++;
    for (uint32_t lanes = mask; lanes != 0; lanes &= lanes - 1) {
      const unsigned lane = static_cast<unsigned>(__builtin_ctz(lanes));
      set_ready(block.threads[warp->first_thread + lane].position);
    }
  }
  yield();
  return slots;
}

void* dynamic_shared() {
  return block.shared_end - (block.shared_size + 15) / 16 * 16;
}

namespace {

/// Whether 16 bytes of the block's shared memory stand at an address.
bool is_shared(const void* address) {
  const unsigned char* bytes = static_cast<const unsigned char*>(address);
  const unsigned char* dynamic = static_cast<unsigned char*>(dynamic_shared());
  return (bytes >= dynamic && bytes + 16 <= block.shared_end) ||
         (bytes >= block.kernel->shared_begin && bytes + 16 <= block.kernel->shared_end);
}

bool is_aligned(const void* address) { return reinterpret_cast<uintptr_t>(address) % 16 == 0; }

}  // namespace

void check_matrix_row(const void* row) {
  if (!is_shared(row) || !is_aligned(row)) {
    fail("gives ldmatrix %p, which is not 16 bytes of shared memory, aligned to 16", row);
  }
}

void copy_async_16(void* shared, const void* global, bool valid) {
  if (!is_shared(shared) || !is_aligned(shared)) {
    fail("gives cp.async %p to copy to, which is not 16 bytes of shared memory, aligned to 16",
         shared);
  }
  if (valid && !is_aligned(global)) {
    fail("gives cp.async %p to copy from, which is not aligned to 16", global);
  }
  // From now on nothing can be known about the bytes there, until the wait.
  memset(shared, 0xFF, 16);
  Thread* self = running.thread;
  self->copies.push_back({shared, valid ? global : nullptr, self->copy_group});
}

void copy_async_commit() { running.thread->copy_group++; }

void copy_async_wait(unsigned pending) {
  Thread* self = running.thread;
  size_t kept = 0;
  for (const AsyncCopy& copy : self->copies) {
    if (copy.group + pending >= self->copy_group) {
      self->copies[kept++] = copy;
    } else if (copy.from == nullptr) {
      memset(copy.to, 0, 16);
    } else {
      memcpy(copy.to, copy.from, 16);
    }
  }
  self->copies.resize(kept);
}

void mma_f16(float (&c)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  // Lanes exchange their halves as floats: a[0..3] are values 0..7, b[0..1] values 8..11.
  float given[12];
  for (int i = 0; i < 4; i++) {
    given[2 * i] = half_value(static_cast<uint16_t>(a[i]));
    given[2 * i + 1] = half_value(static_cast<uint16_t>(a[i] >> 16));
  }
  for (int i = 0; i < 2; i++) {
    given[8 + 2 * i] = half_value(static_cast<uint16_t>(b[i]));
    given[8 + 2 * i + 1] = half_value(static_cast<uint16_t>(b[i] >> 16));
  }
  const Slot* slots = exchange(0xffffffffu, given, sizeof given, "mma.sync", {__FILE__, __LINE__});
  const unsigned group = running.thread->lane / 4;
  const unsigned pair = 2 * (running.thread->lane % 4);
  // The device keeps more bits between the products of one k of 16 than these single roundings, in
  // a way that is not documented: equal within a few units in the last place only.
  for (unsigned i = 0; i < 4; i++) {
    const unsigned lower = i / 2;  // 1: row group + 8
    const unsigned column = pair + i % 2;
    float sum = c[i];
    for (unsigned k = 0; k < 16; k++) {
      const unsigned right = k / 8;
      const unsigned owner = k % 8 / 2;  // lane within its group of four
      const float left_value = slots[4 * group + owner].as<float>(2 * (lower + 2 * right) + k % 2);
      const float right_value = slots[4 * column + owner].as<float>(8 + 2 * right + k % 2);
      sum = std::fma(left_value, right_value, sum);
    }
    c[i] = sum;
  }
}

}  // namespace emulation
