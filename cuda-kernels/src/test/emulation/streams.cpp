#include "streams.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "machine.h"
#include "settings.h"

namespace emulation {

namespace {

constexpr unsigned NON_BLOCKING = 1;

double now() {
  const auto time = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

Streams::Streams() { reset(); }

void Streams::reset() {
  all_.clear();
  legacy = std::make_shared<Stream>();
  legacy->legacy = true;
  all_.push_back(legacy);
  per_thread = create(0, 0);
  error = SUCCESS;
}

std::shared_ptr<Stream> Streams::create(unsigned flags, int priority) {
  auto stream = std::make_shared<Stream>();
  stream->flags = flags;
  stream->blocking = (flags & NON_BLOCKING) == 0;
  stream->priority = priority;
  all_.push_back(stream);
  return stream;
}

/// The handle is gone at once, the work still comes.
void Streams::destroy(const std::shared_ptr<Stream>& stream) {
  stream->destroyed = true;
  if (stream->queue.empty()) {
    all_.erase(std::remove(all_.begin(), all_.end(), stream), all_.end());
  }
}

size_t Streams::pending() const {
  size_t sum = 0;
  for (const auto& stream : all_) {
    sum += stream->queue.size();
  }
  return sum;
}

/// Runs the work of a stream with tickets below `end`, in order, and before each piece what it
/// follows in other streams. Those have smaller tickets, so this ends.
void Streams::drain(const std::shared_ptr<Stream>& stream, uint64_t end) {
  while (!stream->queue.empty() && stream->queue.front().ticket < end) {
    const Operation operation = std::move(stream->queue.front());
    stream->queue.pop_front();
    if (stream->legacy) {
      const auto others = all_;
      for (const auto& other : others) {
        if (other->blocking && !other->legacy) {
          drain(other, operation.ticket);
        }
      }
    } else if (stream->blocking) {
      drain(legacy, operation.ticket);
    }
    if (error == SUCCESS) {
      error = operation.work();
    }
  }
}

int Streams::enqueue(const std::shared_ptr<Stream>& stream, Work work) {
  stream->last_ticket = ++tickets_;
  stream->queue.push_back({stream->last_ticket, std::move(work)});
  if (settings.eager) {
    drain(stream, stream->last_ticket + 1);
  }
  return SUCCESS;  // an error of the work shows in the next call, as it does on a device
}

int Streams::submit(const std::shared_ptr<Stream>& stream, Work work) {
  if (stream->capture != nullptr) {
    if (stream->capture->invalid) {
      return STREAM_CAPTURE_INVALIDATED;
    }
    stream->capture->graph->nodes.push_back(std::move(work));
    if (stream != stream->capture->origin) {
      stream->capture->unjoined.insert(stream);
    }
    return SUCCESS;
  }
  if (stream->legacy) {
    for (const auto& other : all_) {
      if (other->capture != nullptr && other->blocking) {
        report("Work in the default stream would wait for a stream that is being captured.");
        other->capture->invalid = true;
        return STREAM_CAPTURE_IMPLICIT;
      }
    }
  }
  return enqueue(stream, std::move(work));
}

int Streams::record(const std::shared_ptr<Event>& event, const std::shared_ptr<Stream>& stream) {
  event->stream = stream;
  event->capture = stream->capture;
  event->done = false;
  if (stream->capture != nullptr) {
    return stream->capture->invalid ? STREAM_CAPTURE_INVALIDATED : SUCCESS;
  }
  event->ticket = tickets_ + 1;
  const uint64_t ticket = event->ticket;
  return submit(stream, [event, ticket] {
    if (event->ticket == ticket) {  // not recorded anew since
      event->milliseconds = now();
      event->done = true;
    }
    return SUCCESS;
  });
}

int Streams::wait(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Event>& event) {
  if (event->stream == nullptr) {
    return SUCCESS;
  }
  if (event->capture != nullptr) {
    // A fork or a join: the waiting stream records into the same graph.
    if (stream->capture == nullptr) {
      stream->capture = event->capture;
      stream->capture->joined.insert(stream);
    } else if (stream->capture != event->capture) {
      stream->capture->invalid = true;
      return STREAM_CAPTURE_INVALIDATED;
    }
    if (event->stream != stream) {
      event->capture->unjoined.erase(event->stream);
    }
    if (stream != event->capture->origin) {
      event->capture->unjoined.insert(stream);
    }
    return SUCCESS;
  }
  if (stream->capture != nullptr) {
    report("A stream that is being captured waits for an event from outside of the capture.");
    stream->capture->invalid = true;
    return STREAM_CAPTURE_INVALIDATED;
  }
  const auto awaited = event->stream;
  const uint64_t end = event->ticket + 1;
  return submit(stream, [this, awaited, end] {
    drain(awaited, end);
    return SUCCESS;
  });
}

int Streams::synchronize(const std::shared_ptr<Stream>& stream) {
  if (stream->capture != nullptr) {
    report("Nobody can wait for a stream that is being captured.");
    stream->capture->invalid = true;
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  if (stream->legacy) {
    return synchronize_default();
  }
  drain(stream, UINT64_MAX);
  return error;
}

int Streams::synchronize(const std::shared_ptr<Event>& event) {
  if (event->stream == nullptr) {
    return SUCCESS;
  }
  if (event->capture != nullptr) {
    report("Nobody can wait for an event that was recorded in a capture.");
    event->capture->invalid = true;
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  drain(event->stream, event->ticket + 1);
  return error;
}

int Streams::synchronize_default() {
  const uint64_t end = tickets_ + 1;
  drain(legacy, end);
  const auto streams = all_;
  for (const auto& stream : streams) {
    if (stream->blocking) {
      drain(stream, end);
    }
  }
  return error;
}

int Streams::synchronize_all() {
  for (const auto& stream : all_) {
    if (stream->capture != nullptr) {
      report("Nobody can wait for a context in which a stream is being captured.");
      stream->capture->invalid = true;
      return STREAM_CAPTURE_UNSUPPORTED;
    }
  }
  const auto streams = all_;
  for (const auto& stream : streams) {
    drain(stream, UINT64_MAX);
  }
  all_.erase(std::remove_if(all_.begin(), all_.end(),
                            [](const auto& stream) {
                              return stream->destroyed && stream->queue.empty();
                            }),
             all_.end());
  return error;
}

int Streams::begin_capture(const std::shared_ptr<Stream>& stream, int mode) {
  if (stream->legacy) {
    report("The default stream cannot be captured.");
    return STREAM_CAPTURE_UNSUPPORTED;
  }
  if (stream->capture != nullptr) {
    return STREAM_CAPTURE_UNMATCHED;
  }
  stream->capture = std::make_shared<Capture>();
  stream->capture->origin = stream;
  stream->capture->mode = mode;
  stream->capture->joined.insert(stream);
  return SUCCESS;
}

int Streams::end_capture(const std::shared_ptr<Stream>& stream, std::shared_ptr<Graph>& graph) {
  const auto capture = stream->capture;
  if (capture == nullptr || capture->origin != stream) {
    return STREAM_CAPTURE_UNMATCHED;
  }
  for (const auto& joined : capture->joined) {
    joined->capture = nullptr;
  }
  capture->joined.clear();
  capture->origin = nullptr;
  if (capture->invalid) {
    return STREAM_CAPTURE_INVALIDATED;
  }
  if (!capture->unjoined.empty()) {
    report("A stream that joined the capture was not joined back by an event.");
    return STREAM_CAPTURE_UNJOINED;
  }
  graph = capture->graph;
  return SUCCESS;
}

int Streams::refuse_in_capture() {
  for (const auto& stream : all_) {
    const auto& capture = stream->capture;
    if (capture == nullptr || capture->mode == CAPTURE_RELAXED) {
      continue;
    }
    if (capture->mode == CAPTURE_GLOBAL || capture->thread == std::this_thread::get_id()) {
      report("This call is not allowed while a stream is being captured.");
      capture->invalid = true;
      return STREAM_CAPTURE_UNSUPPORTED;
    }
  }
  return SUCCESS;
}

}  // namespace emulation
