#include "tools/ascii_art/db_commands.h"

#include <unistd.h>

#include <cstdio>

#include "engine/ascii_writer/vocabulary.h"
#include "loaders/io/json.h"
#include "loaders/io/utf8.h"
#include "tools/ascii_art/database/reader.h"
#include "tools/ascii_art/db_options.h"
#include "tools/interrupt.h"

namespace yent::art {
namespace {

// Words of a stranger's database for a terminal: no character of control.
std::string shown(const std::string& words) {
  std::u32string clean = decode_utf8(words);
  for (char32_t& c : clean) {
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) c = U' ';
  }
  return encode_utf8(clean);
}

void say(const std::string& text) { std::fputs(text.c_str(), stderr); }

std::string style_name(int64_t style) {
  const auto& names = style_names();
  return style < static_cast<int64_t>(names.size()) ? names[style] : std::to_string(style);
}

void init(const DatabaseOptions& o) {
  Database::create(o.database);
  if (!o.quiet) say(o.database + " is ready\n");
}

// Counts of an import, and a line of a terminal that says how far it is.
struct Tally {
  int64_t fresh = 0, merged = 0, near = 0;
  bool show = false;

  int64_t all() const { return fresh + merged + near; }

  void count(Added what) {
    ++(what == Added::fresh ? fresh : what == Added::merged ? merged : near);
    if (show && all() % 500 == 0) say(fmt::format("\r{} pieces", all()));
  }
};

void import(const DatabaseOptions& o) {
  Database database(o.database, Access::write);
  PieceReader reader({o.words.begin(), o.words.end()},
                     {.source = o.source,
                      .rights = o.rights,
                      .style = o.style.empty() ? kAny : find_style(o.style),
                      .tags = o.tags});
  CancelToken cancel;
  CancelOnInterrupt on_interrupt(cancel);
  Tally tally{.show = !o.quiet && ::isatty(STDERR_FILENO) != 0};
  const auto next = [&] {
    CancelToken::check(&cancel);
    return reader.next();
  };
  const auto result = [&](const Piece&, Added what, int64_t) { tally.count(what); };
  try {
    database.add(next, result, o.keep_near);
  } catch (...) {
    if (tally.show && tally.all() >= 500) say("\n");
    throw;
  }
  if (tally.show && tally.all() >= 500) say("\r\033[K");
  if (tally.all() == 0 && reader.unfit() > 0) throw file_error("{}", reader.reasons().front());
  if (o.quiet) return;
  for (const std::string& reason : reader.reasons()) say("left out: " + shown(reason) + "\n");
  say(fmt::format(
      "{} added; {} were there (their tags are merged); left out: {} near-duplicates, {} "
      "that are no drawings\n",
      tally.fresh, tally.merged, tally.near, reader.unfit()));
}

Json json_of(const Piece& p) {
  Json j = Json::object();
  j["id"] = p.id;
  j["text"] = p.text;
  j["width"] = p.outline.width;
  j["height"] = p.outline.height;
  j["style"] = style_name(p.style);
  j["title"] = p.title;
  j["caption"] = p.caption;
  j["tags"] = p.tags;
  j["source"] = p.source;
  j["rights"] = p.rights;
  if (p.quality) j["quality"] = *p.quality;
  return j;
}

void search(const DatabaseOptions& o) {
  Query query{.words = o.words, .limit = o.limit};
  if (!o.style.empty()) query.style = find_style(o.style);
  if (o.width > 0) query.max_width = o.width;
  if (o.height > 0) query.max_height = o.height;
  const std::vector<Piece> found = Database(o.database).search(query);
  std::string out;
  for (const Piece& p : found) {
    if (o.json) {
      out += json_of(p).dump() + "\n";
      continue;
    }
    std::string tags;
    for (const std::string& tag : p.tags) tags += (tags.empty() ? "; " : ", ") + shown(tag);
    out +=
        fmt::format("{}{}: {}{} ({} x {}, {})\n{}", out.empty() ? "" : "\n", p.id, shown(p.title),
                    tags, p.outline.width, p.outline.height, style_name(p.style), p.text);
  }
  print_and_flush(out);
  if (found.empty() && !o.quiet) say("nothing was found\n");
}

Json json_of(const std::vector<Database::Count>& counts) {
  Json j = Json::object();
  for (const Database::Count& count : counts) j[count.name] = count.pieces;
  return j;
}

void stats(const DatabaseOptions& o) {
  Database::Stats s = Database(o.database).stats();
  for (Database::Count& count : s.styles) count.name = style_name(std::stoll(count.name));
  if (o.json) {
    Json j = Json::object();
    j["pieces"] = s.pieces;
    j["characters"] = s.characters;
    j["widest"] = s.widest;
    j["tallest"] = s.tallest;
    j["different_tags"] = s.tags;
    j["styles"] = json_of(s.styles);
    j["sources"] = json_of(s.sources);
    j["rights"] = json_of(s.rights);
    j["common_tags"] = json_of(s.common_tags);
    return print_and_flush(j.dump() + "\n");
  }
  std::string out =
      fmt::format("{} pieces of {} cells in all, at most {} wide and {} tall; {} tags\n", s.pieces,
                  s.characters, s.widest, s.tallest, s.tags);
  const auto list = [&](const char* heading, const std::vector<Database::Count>& counts) {
    if (!counts.empty()) out += fmt::format("\n{}\n", heading);
    for (const Database::Count& c : counts) {
      out += fmt::format("{:>8}  {}\n", c.pieces, shown(c.name));
    }
  };
  list("Styles", s.styles);
  list("Sources", s.sources);
  list("Rights", s.rights);
  list("Commonest tags", s.common_tags);
  print_and_flush(out);
}

void check(const DatabaseOptions& o) {
  const std::vector<std::string> wrong = Database(o.database).check();
  std::string out;
  for (const std::string& what : wrong) out += shown(what) + "\n";
  print_and_flush(out);
  if (!wrong.empty()) {
    throw file_error("{}: {} {} wrong", o.database, wrong.size(),
                     wrong.size() == 1 ? "thing is" : "things are");
  }
  if (!o.quiet) say(o.database + ": all is well\n");
}

}  // namespace

void run_database_program(int argc, char** argv) {
  const auto o = parse_database_options(argc, argv);
  if (!o) return;
  if (o->command == "init") return init(*o);
  if (o->command == "import") return import(*o);
  if (o->command == "search") return search(*o);
  if (o->command == "stats") return stats(*o);
  check(*o);
}

}  // namespace yent::art
