// The picture in the terminal while it forms, and the recording of a run. A thread of its own
// draws; those who paint hand it the newest picture and go on, and it draws what is newest when the
// terminal is ready.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "engine/pipeline/pipeline.h"
#include "tools/console.h"
#include "tools/live/block.h"
#include "tools/live/cast.h"
#include "tools/live/style.h"
#include "tools/live/tty.h"
#include "tools/options.h"

namespace yent {

// Threads may share it. The console must outlive it, and tells it what is printed.
class LiveShow : public Overlay {
 public:
  LiveShow(Console& console, const Options& options);
  ~LiveShow() override;

  // While pictures are painted. It watches their events; in the end the terminal is as it was.
  class Session {
   public:
    // Null: nothing is shown.
    Session(LiveShow* show, const Pipeline::Resolution& made, PaintEvents& events);
    ~Session();
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    // A picture is done and about to be shown: its preview goes.
    void finish_picture();

   private:
    LiveShow* show_;
  };

  void print_above(const std::string& text, const std::function<void()>& print) override;
  bool progress(const std::string& line) override;
  const Terminal* recorded() const override { return cast_ ? &recorded_ : nullptr; }
  void begin_page() override;

  // The recording, where one was asked for. Throws a run error where it cannot be written.
  void write_record() const;

 private:
  // Of the pictures that are painted, in pixels.
  void begin(int width, int height);
  void end();
  void start_record();
  void show(std::shared_ptr<const Image> picture);
  void record_unseen();

  // On the thread.
  void run();
  void ask_terminal();
  void draw_terminal(const Image* picture, const std::string& line);
  void reserve(Block::Shape shape);
  void clear_terminal();
  void draw_cast(const Image* picture, const std::string& line);

  Console& console_;
  const PreviewWish wish_;
  const bool wants_terminal_;
  const int columns_;
  const std::string record_;
  int width_ = 0, height_ = 0;

  std::mutex drawing_;  // held while bytes go to the terminal or the recording
  std::unique_ptr<Tty> tty_;
  std::optional<TerminalReplies> replies_;  // asked once
  std::optional<Block> block_;
  bool shows_pictures_ = false;  // the terminal can
  PaneOffset pane_;
  Tty::Size size_;
  bool torn_ = false;          // a frame was not written to its end
  int text_rows_ = 0;          // printed since the last pictures
  bool line_is_open_ = false;  // a line is being printed: what is below it would cut it off

  Terminal recorded_;  // where the recording plays
  Tty::Size recorded_size_;
  std::optional<Cast> cast_;
  std::optional<Block> cast_block_;
  bool cast_has_frame_ = false;  // of the picture that forms

  std::mutex latest_;  // held for a moment only
  std::condition_variable changed_;
  std::shared_ptr<const Image> picture_;
  std::string line_;
  bool is_new_ = false, stops_ = false;
  std::thread thread_;
};

}  // namespace yent
