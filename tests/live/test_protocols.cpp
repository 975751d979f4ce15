// Pictures in a terminal's protocols, decoded again.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "engine/ascii/protocols/half_blocks.h"
#include "engine/ascii/protocols/kitty.h"
#include "engine/ascii/protocols/sixel.h"
#include "engine/ascii/terminal.h"
#include "tools/live/tmux.h"

using namespace yent;

namespace {

// A bright disc on a gradient.
Image drawing(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const double r = std::hypot(x - width / 2.0, y - height / 2.0) / width;
      uint8_t* pixel = image.pixel(x, y);
      pixel[0] = r < 0.3 ? 240 : static_cast<uint8_t>(200 * x / width);
      pixel[1] = r < 0.3 ? 200 : static_cast<uint8_t>(120 * y / height);
      pixel[2] = r < 0.3 ? 40 : 90;
    }
  }
  return image;
}

struct Command {
  std::map<std::string, std::string> keys;
  std::string payload;
};

std::vector<Command> commands_in(const std::string& bytes) {
  std::vector<Command> commands;
  size_t at = 0;
  while (at < bytes.size()) {
    REQUIRE(bytes.compare(at, 3, "\x1b_G") == 0);
    const size_t end = bytes.find("\x1b\\", at), text = bytes.find(';', at);
    REQUIRE(end != bytes.npos);
    Command command;
    std::istringstream keys(bytes.substr(at + 3, text - at - 3));
    for (std::string key; std::getline(keys, key, ',');) {
      command.keys[key.substr(0, 1)] = key.substr(2);
    }
    command.payload = bytes.substr(text + 1, end - text - 1);
    commands.push_back(command);
    at = end + 2;
  }
  return commands;
}

std::vector<uint8_t> from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<uint8_t> bytes;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    if (c == '=') break;
    group = group << 6 | static_cast<uint32_t>(digits.find(c));
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<uint8_t>(group >> bits));
  }
  return bytes;
}

// As a terminal draws it, on black.
Image from_sixel(const std::string& bytes) {
  int width = 0, height = 0, used = 0;
  REQUIRE(std::sscanf(bytes.c_str(), "\x1bP0;1;0q\"1;1;%d;%d%n", &width, &height, &used) == 2);
  REQUIRE(bytes.ends_with("\x1b\\"));
  Image image(width, height);
  std::map<int, std::array<int, 3>> registers;
  int x = 0, y = 0, now = -1, repeat = 1;
  for (const char* p = bytes.c_str() + used; *p != '\x1b'; ++p) {
    int number = 0, model = 0, r = 0, g = 0, b = 0, n = 0;
    if (*p == '#' && std::sscanf(p, "#%d;%d;%d;%d;%d%n", &number, &model, &r, &g, &b, &n) == 5) {
      registers[number] = {r * 255 / 100, g * 255 / 100, b * 255 / 100};
      p += n - 1;
    } else if (*p == '#' && std::sscanf(p, "#%d%n", &now, &n) == 1) {
      CHECK(registers.contains(now));
      p += n - 1;
    } else if (*p == '!' && std::sscanf(p, "!%d%n", &repeat, &n) == 1) {
      p += n - 1;
    } else if (*p == '$') {
      x = 0;
    } else if (*p == '-') {
      x = 0, y += 6;
    } else {
      for (; repeat > 0; --repeat, ++x) {
        for (int row = 0; row < 6; ++row) {
          if (!((*p - '?') >> row & 1)) continue;
          REQUIRE(x < width);
          REQUIRE(y + row < height);
          for (int c = 0; c < 3; ++c) {
            image.pixel(x, y + row)[c] = static_cast<uint8_t>(registers[now][c]);
          }
        }
      }
      repeat = 1;
    }
  }
  return image;
}

double mean_error(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

}  // namespace

TEST_CASE("protocols: every chunk of a kitty picture has all keys") {
  const Image image = drawing(64, 48);
  for (const bool edit : {false, true}) {
    CAPTURE(edit);
    const std::string bytes =
        edit ? kitty_edit(image, 77) : kitty_show(image, {.id = 77, .columns = 40, .rows = 15});
    const std::vector<Command> commands = commands_in(bytes);
    CHECK(commands.size() == 3);
    std::string payload;
    for (const Command& command : commands) {
      std::map<std::string, std::string> expected = {
          {"i", "77"}, {"f", "24"}, {"s", "64"}, {"v", "48"}, {"q", "2"}};
      if (edit) {
        expected["a"] = "f", expected["r"] = "1";
      } else {
        expected["a"] = "T", expected["p"] = expected["C"] = "1";
        expected["c"] = "40", expected["r"] = "15";
      }
      expected["m"] = &command == &commands.back() ? "0" : "1";
      CHECK(command.keys == expected);
      CHECK(command.payload.size() <= 4096);
      payload += command.payload;
    }
    CHECK(from_base64(payload) == image.rgb);
  }
}

TEST_CASE("protocols: a sixel picture decodes to the picture") {
  const Image image = drawing(101, 60);
  CHECK(mean_error(from_sixel(sixel(image, 256)), image) < 5);
  CHECK(mean_error(from_sixel(sixel(image, 16)), image) < 25);
  // One colour, and a last line of fewer rows.
  const Image flat = from_sixel(sixel(Image(7, 8), 256));
  CHECK(flat.rgb == Image(7, 8).rgb);
}

TEST_CASE("protocols: half blocks are two pixels a cell") {
  Image image(2, 2);
  image.rgb = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9};
  CHECK(ascii_text(half_blocks(image, 2, 1), TerminalColour::truecolour) ==
        "\x1b[48;2;0;0;255m\x1b[38;2;255;0;0m▀\x1b[48;2;9;9;9m\x1b[38;2;0;255;0m▀\x1b[0m\n");
}

TEST_CASE("protocols: tmux passes what is wrapped") {
  CHECK(through_tmux("\x1b[2;3Hx\x1b\\") == "\x1bPtmux;\x1b\x1b[2;3Hx\x1b\x1b\\\x1b\\");
}
