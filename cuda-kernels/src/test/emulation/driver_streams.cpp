// Streams, events and graphs.

#include <algorithm>
#include <memory>

#include "state.h"

using namespace emulation;

// ---- Streams ----

API int cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) {
  return in_context([&] {
    if (stream == nullptr || flags > 1) {
      return INVALID_VALUE;
    }
    *stream = state.stream_handles.add(streams.create(flags, std::clamp(priority, -5, 0)));
    return SUCCESS;
  });
}

API int cuStreamCreate(void** stream, unsigned flags) {
  return cuStreamCreateWithPriority(stream, flags, 0);
}

API int cuStreamDestroy_v2(void* handle) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  const auto stream = state.stream_handles.get(handle);
  if (stream == nullptr) {
    report("cuStreamDestroy: there is no such stream.");
    return INVALID_HANDLE;
  }
  streams.destroy(stream);
  state.stream_handles.remove(handle);
  return streams.error;
}

API int cuStreamSynchronize(void* stream) {
  return in_stream(stream, [](const std::shared_ptr<Stream>& in) {
    return streams.synchronize(in);
  });
}

/// Says that there is work left and does it then, so that who asks again gets on.
API int cuStreamQuery(void* stream) {
  return in_stream(stream, [](const std::shared_ptr<Stream>& in) {
    const bool pending = streams.is_pending(*in);
    const int result = streams.synchronize(in);
    return result == SUCCESS && pending ? NOT_READY : result;
  });
}

API int cuStreamWaitEvent(void* stream, void* handle, unsigned) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto event = state.events.get(handle);
    return event == nullptr ? INVALID_HANDLE : streams.wait(in, event);
  });
}

API int cuStreamGetFlags(void* stream, unsigned* flags) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *flags = in->flags;
    return SUCCESS;
  });
}

API int cuStreamGetPriority(void* stream, int* priority) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *priority = in->priority;
    return SUCCESS;
  });
}

API int cuStreamGetCtx(void* stream, void** context) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>&) {
    *context = current_context();
    return SUCCESS;
  });
}

// ---- Events ----

API int cuEventCreate(void** event, unsigned flags) {
  return in_context([&] {
    if (event == nullptr) {
      return INVALID_VALUE;
    }
    auto created = std::make_shared<Event>();
    created->flags = flags;
    *event = state.events.add(created);
    return SUCCESS;
  });
}

API int cuEventDestroy_v2(void* event) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  return state.events.remove(event) ? streams.error : INVALID_HANDLE;
}

API int cuEventRecordWithFlags(void* handle, void* stream, unsigned) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto event = state.events.get(handle);
    return event == nullptr ? INVALID_HANDLE : streams.record(event, in);
  });
}

API int cuEventRecord(void* event, void* stream) {
  return cuEventRecordWithFlags(event, stream, 0);
}

API int cuEventSynchronize(void* handle) {
  return in_context([&] {
    const auto event = state.events.get(handle);
    return event == nullptr ? INVALID_HANDLE : streams.synchronize(event);
  });
}

/// As cuStreamQuery.
API int cuEventQuery(void* handle) {
  return in_context([&] {
    const auto event = state.events.get(handle);
    if (event == nullptr) {
      return INVALID_HANDLE;
    }
    const bool pending = event->stream != nullptr && !event->done;
    const int result = streams.synchronize(event);
    return result == SUCCESS && pending ? NOT_READY : result;
  });
}

API int cuEventElapsedTime(float* milliseconds, void* from_handle, void* to_handle) {
  return in_context([&] {
    constexpr unsigned DISABLE_TIMING = 2;
    const auto from = state.events.get(from_handle);
    const auto to = state.events.get(to_handle);
    if (from == nullptr || to == nullptr || from->stream == nullptr || to->stream == nullptr ||
        ((from->flags | to->flags) & DISABLE_TIMING) != 0) {
      return INVALID_HANDLE;
    }
    if (!from->done || !to->done) {
      return NOT_READY;
    }
    *milliseconds = static_cast<float>(to->milliseconds - from->milliseconds);
    return SUCCESS;
  });
}

// ---- Graphs ----

API int cuStreamBeginCapture_v2(void* stream, int mode) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    return streams.begin_capture(in, mode);
  });
}

API int cuStreamEndCapture(void* stream, void** graph) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *graph = nullptr;
    std::shared_ptr<Graph> captured;
    const int result = streams.end_capture(in, captured);
    if (result == SUCCESS) {
      *graph = state.graphs.add(captured);
    }
    return result;
  });
}

API int cuStreamIsCapturing(void* stream, int* status) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    *status = in->capture == nullptr ? 0 : in->capture->invalid ? 2 : 1;
    return SUCCESS;
  });
}

API int cuGraphInstantiateWithFlags(void** executable, void* handle, unsigned long long) {
  return in_context([&] {
    const auto graph = state.graphs.get(handle);
    if (graph == nullptr || executable == nullptr) {
      return INVALID_VALUE;
    }
    *executable = state.executables.add(std::make_shared<Executable>(Executable{graph->nodes}));
    return SUCCESS;
  });
}

API int cuGraphInstantiate_v2(void** executable, void* graph, void** failed_node, char* log,
                              size_t log_size) {
  if (failed_node != nullptr) {
    *failed_node = nullptr;
  }
  if (log != nullptr && log_size > 0) {
    log[0] = 0;
  }
  return cuGraphInstantiateWithFlags(executable, graph, 0);
}

API int cuGraphUpload(void* executable, void*) {
  return in_context([&] {
    return state.executables.get(executable) != nullptr ? SUCCESS : INVALID_VALUE;
  });
}

API int cuGraphLaunch(void* handle, void* stream) {
  return in_stream(stream, [&](const std::shared_ptr<Stream>& in) {
    const auto executable = state.executables.get(handle);
    if (executable == nullptr) {
      report("cuGraphLaunch: there is no such graph.");
      return INVALID_VALUE;
    }
    if (fails_now(settings.fail_launch)) {
      report("The launch of a graph fails as it was told to.");
      return LAUNCH_OUT_OF_RESOURCES;
    }
    if (in->capture == nullptr) {
      counts.graph_launches++;
    }
    if (settings.null_launches) {
      return SUCCESS;
    }
    return streams.submit(in, [executable] {
      for (const Work& node : executable->nodes) {
        if (const int result = node()) {
          return result;
        }
      }
      return SUCCESS;
    });
  });
}

API int cuGraphGetNodes(void* handle, void** nodes, size_t* count) {
  return in_context([&] {
    const auto graph = state.graphs.get(handle);
    if (graph == nullptr || nodes != nullptr) {
      return graph == nullptr ? INVALID_VALUE : NOT_SUPPORTED;  // how many there are, only
    }
    *count = graph->nodes.size();
    return SUCCESS;
  });
}

API int cuGraphDestroy(void* graph) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  return state.graphs.remove(graph) ? SUCCESS : INVALID_VALUE;
}

API int cuGraphExecDestroy(void* executable) {
  const std::lock_guard<std::recursive_mutex> lock(mutex);
  return state.executables.remove(executable) ? SUCCESS : INVALID_VALUE;
}
