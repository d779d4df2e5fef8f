#include "settings.h"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "immortal.h"
#include "machine.h"

namespace emulation {

namespace {

constexpr Settings DEFAULTS = {
    FORWARD,             // order
    size_t{4} << 30,     // memory
    12080,               // driver
    9,                   // major
    0,                   // minor
    1,                   // devices
    4,                   // multiprocessors
    false,               // eager
    false,               // null_launches
    false,               // late_uploads
    0,                   // fail_alloc
    0,                   // fail_launch
    0,                   // fail_copy
};

char report_text[2048];

/// A number, maybe with k, m or g behind it; false where the text is none.
bool read_number(const std::string& text, uint64_t& number) {
  char* end;
  if (text.empty() || text[0] < '0' || text[0] > '9') {
    return false;
  }
  number = strtoull(text.c_str(), &end, 10);
  switch (*end) {
    case 'k':
      number <<= 10;
      end++;
      break;
    case 'm':
      number <<= 20;
      end++;
      break;
    case 'g':
      number <<= 30;
      end++;
      break;
    default:
      break;
  }
  return *end == 0;
}

bool set(Settings& to, const std::string& key, const std::string& value) {
  if (key == "order" && (value == "forward" || value == "reverse")) {
    to.order = value == "forward" ? FORWARD : REVERSE;
    return true;
  }
  if (key == "capability") {
    return sscanf(value.c_str(), "%d.%d", &to.major, &to.minor) == 2;
  }
  uint64_t number;
  if (!read_number(value, number)) {
    return false;
  }
  if (key == "order") {
    to.order = number == FORWARD || number == REVERSE ? 1 : number;
  } else if (key == "memory") {
    to.memory = number;
  } else if (key == "driver") {
    to.driver = static_cast<int>(number);
  } else if (key == "devices") {
    to.devices = static_cast<int>(number);
  } else if (key == "multiprocessors") {
    to.multiprocessors = static_cast<int>(number);
  } else if (key == "eager") {
    to.eager = number != 0;
  } else if (key == "null") {
    to.null_launches = number != 0;
  } else if (key == "late-uploads") {
    to.late_uploads = number != 0;
  } else if (key == "fail-alloc") {
    to.fail_alloc = static_cast<long>(number);
  } else if (key == "fail-launch") {
    to.fail_launch = static_cast<long>(number);
  } else if (key == "fail-copy") {
    to.fail_copy = static_cast<long>(number);
  } else {
    return false;
  }
  return true;
}

/// Sets all that a text names.
bool apply(Settings& to, const char* text) {
  for (const char* at = text; *at != 0;) {
    const size_t length = strcspn(at, ",");
    const std::string setting(at, length);
    const size_t equals = setting.find('=');
    if (equals == std::string::npos ||
        !set(to, setting.substr(0, equals), setting.substr(equals + 1))) {
      report("\"%s\" is no setting of the emulated driver. There are order=forward|reverse|SEED, "
             "memory=BYTES, fail-alloc=N, fail-launch=N, fail-copy=N, null=1, eager=1, "
             "late-uploads=1, driver=VERSION, capability=MAJOR.MINOR, devices=N and "
             "multiprocessors=N, separated by commas.",
             setting.c_str());
      return false;
    }
    at += length;
    at += *at == ',';
  }
  return true;
}

}  // namespace

Settings settings = DEFAULTS;
static Immortal<Counts> immortal_counts;
Counts& counts = immortal_counts.value;

bool configure(const char* text) {
  Settings changed = DEFAULTS;
  const char* environment = getenv("TAPSCOPE_EMULATOR");
  if (environment != nullptr && !apply(changed, environment)) {
    changed = DEFAULTS;
  }
  if (!apply(changed, text)) {
    return false;
  }
  settings = changed;
  return true;
}

bool fails_now(long& countdown) { return countdown > 0 && --countdown == 0; }

void report(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(report_text, sizeof report_text, format, arguments);
  va_end(arguments);
  fprintf(stderr, "Emulated CUDA driver: %s\n", report_text);
}

const char* last_report() { return report_text; }

}  // namespace emulation
