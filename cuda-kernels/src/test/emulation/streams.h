// Streams, events and graphs of the emulated driver.
//
// Work is queued and runs as late as the rules of CUDA allow: when somebody waits for it. So a host
// that reads a result without having waited gets what stood there before, always and not just
// sometimes, and two streams that lack an event between them run in the wrong order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace emulation {

/// A piece of work; gives a CUresult.
using Work = std::function<int()>;

// CUstreamCaptureMode.
constexpr int CAPTURE_GLOBAL = 0;
constexpr int CAPTURE_THREAD_LOCAL = 1;
constexpr int CAPTURE_RELAXED = 2;

struct Stream;

struct Graph {
  std::vector<Work> nodes;  // in the order in which they were captured, which is a right one
};

/// What streams record from cuStreamBeginCapture to cuStreamEndCapture.
struct Capture {
  std::shared_ptr<Stream> origin;
  int mode = CAPTURE_GLOBAL;  // whose unsafe calls it forbids
  std::thread::id thread = std::this_thread::get_id();
  bool invalid = false;
  std::shared_ptr<Graph> graph = std::make_shared<Graph>();
  // Streams that joined by waiting for an event, and whose last work nobody has waited for yet.
  std::set<std::shared_ptr<Stream>> joined;
  std::set<std::shared_ptr<Stream>> unjoined;
};

struct Operation {
  uint64_t ticket;  // later work has a larger one, over all streams
  Work work;
};

struct Stream {
  bool legacy = false;    // the default stream: waits for all blocking ones, and they for it
  bool blocking = true;
  unsigned flags = 0;
  int priority = 0;
  bool destroyed = false;
  uint64_t last_ticket = 0;
  std::deque<Operation> queue;
  std::shared_ptr<Capture> capture;
};

struct Event {
  unsigned flags = 0;
  std::shared_ptr<Stream> stream;  // null where it was never recorded
  uint64_t ticket = 0;             // of the recording
  std::shared_ptr<Capture> capture;
  bool done = false;
  double milliseconds = 0;
};

class Streams {
 public:
  Streams();

  std::shared_ptr<Stream> legacy;
  std::shared_ptr<Stream> per_thread;

  std::shared_ptr<Stream> create(unsigned flags, int priority);
  void destroy(const std::shared_ptr<Stream>& stream);

  /// Queues work, or adds it to the graph that the stream records.
  int submit(const std::shared_ptr<Stream>& stream, Work work);

  int record(const std::shared_ptr<Event>& event, const std::shared_ptr<Stream>& stream);
  int wait(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Event>& event);

  /// Runs what the stream holds; gives the error of the context, if there is any.
  int synchronize(const std::shared_ptr<Stream>& stream);
  int synchronize(const std::shared_ptr<Event>& event);
  int synchronize_all();

  /// Runs what a blocking call waits for first: the default stream, and with it all blocking ones.
  int synchronize_default();

  int begin_capture(const std::shared_ptr<Stream>& stream, int mode);
  int end_capture(const std::shared_ptr<Stream>& stream, std::shared_ptr<Graph>& graph);

  /// For calls that captures forbid unless they are relaxed: 0, or the error, which makes such
  /// captures invalid.
  int refuse_in_capture();

  bool is_pending(const Stream& stream) const { return !stream.queue.empty(); }
  size_t pending() const;

  /// Forgets all work, streams and captures.
  void reset();

  int error = 0;  // of a kernel; stays until the context is gone

 private:
  void drain(const std::shared_ptr<Stream>& stream, uint64_t end);
  int enqueue(const std::shared_ptr<Stream>& stream, Work work);

  std::vector<std::shared_ptr<Stream>> all_;
  uint64_t tickets_ = 0;
};

}  // namespace emulation
