#include "ptx.h"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>

namespace emulation {

namespace {

/// The text without comments.
std::string strip(const char* text) {
  std::string stripped;
  for (const char* at = text; *at != 0; at++) {
    if (at[0] == '/' && at[1] == '/') {
      while (at[1] != 0 && at[1] != '\n') {
        at++;
      }
    } else if (at[0] == '/' && at[1] == '*') {
      const char* end = strstr(at + 2, "*/");
      if (end == nullptr) {
        break;
      }
      at = end + 1;
    } else {
      stripped += *at;
    }
  }
  return stripped;
}

/// Words, and single characters of punctuation.
std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> tokens;
  for (size_t at = 0; at < text.size();) {
    const auto is_word = [&](size_t i) {
      const char c = text[i];
      return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '.' || c == '%';
    };
    if (isspace(static_cast<unsigned char>(text[at]))) {
      at++;
    } else if (is_word(at)) {
      const size_t begin = at;
      while (at < text.size() && is_word(at)) {
        at++;
      }
      tokens.push_back(text.substr(begin, at - begin));
    } else {
      tokens.push_back(text.substr(at++, 1));
    }
  }
  return tokens;
}

/// The bytes of a type such as .u64; 0 for what is no type.
uint32_t type_size(const std::string& type) {
  if (type.size() < 3 || type[0] != '.' || strchr("usbf", type[1]) == nullptr) {
    return 0;
  }
  char* end;
  const unsigned long bits = strtoul(type.c_str() + 2, &end, 10);
  return *end == 0 ? static_cast<uint32_t>(bits / 8) : 0;
}

struct Declaration {
  std::string name;
  uint32_t size = 0;
};

/// Reads a declaration, `.space [.align n] .type name[[elements]]`, that begins at a token; `at`
/// goes to the last token of it.
Declaration read_declaration(const std::vector<std::string>& tokens, size_t& at) {
  Declaration declaration;
  uint32_t& size = declaration.size;
  for (at++; at < tokens.size(); at++) {
    if (tokens[at] == "," || tokens[at] == ")" || tokens[at] == ";") {
      at--;
      break;
    }
    if (size == 0) {
      size = type_size(tokens[at]);
    } else if (declaration.name.empty()) {
      declaration.name = tokens[at];
    } else if (tokens[at] == "[" && at + 1 < tokens.size()) {
      size *= static_cast<uint32_t>(strtoul(tokens[at + 1].c_str(), nullptr, 10));
    }
  }
  return declaration;
}

}  // namespace

bool read_ptx(const char* text, Ptx& ptx) {
  const std::vector<std::string> tokens = split(strip(text));
  if (tokens.size() < 4 || tokens[0] != ".version" || tokens[2] != ".target") {
    return false;
  }
  int major = 0;
  int minor = 0;
  if (sscanf(tokens[1].c_str(), "%d.%d", &major, &minor) != 2 ||
      sscanf(tokens[3].c_str(), "sm_%d", &ptx.target) != 1) {
    return false;
  }
  ptx.version = 10 * major + minor;
  ptx.exact_target = isalpha(static_cast<unsigned char>(tokens[3].back()));
  PtxEntry* entry = nullptr;
  int depth = 0;
  // Shared memory that stands outside of functions; those that name it have it.
  std::map<std::string, uint32_t> shared;
  std::set<std::string> had;
  for (size_t at = 4; at < tokens.size(); at++) {
    const std::string& token = tokens[at];
    if (token == ".entry" && at + 1 < tokens.size()) {
      entry = &ptx.entries[tokens[at + 1]];
      had.clear();
    } else if (token == ".func") {
      entry = nullptr;
    } else if (token == "{") {
      depth++;
    } else if (token == "}") {
      depth--;
    } else if (entry != nullptr && depth == 0 && token == ".param") {
      entry->parameter_sizes.push_back(read_declaration(tokens, at).size);
    } else if (entry != nullptr && depth == 0 && token == ".maxntid") {
      entry->max_threads = 1;
      do {
        at++;
        entry->max_threads *= static_cast<unsigned>(strtoul(tokens[at].c_str(), nullptr, 10));
        at++;
      } while (at + 1 < tokens.size() && tokens[at] == ",");
      at--;
    } else if (token == ".shared") {
      const Declaration declaration = read_declaration(tokens, at);
      if (depth == 0) {
        shared[declaration.name] = declaration.size;
      } else if (entry != nullptr) {
        entry->static_shared += declaration.size;
      }
    } else if (entry != nullptr && depth > 0 && shared.count(token) > 0 &&
               had.insert(token).second) {
      entry->static_shared += shared[token];
    }
  }
  return true;
}

}  // namespace emulation
