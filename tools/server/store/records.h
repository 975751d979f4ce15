// What the store keeps, as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace yent::server {

// A picture that is finished. Its file is pictures/<id>.png, and where a filter drew it
// pictures/<id>.raw.png is the picture before.
struct PictureRecord {
  std::string id = {}, job = {}, client = {};
  int index = 0;  // of the job's pictures
  uint64_t seed = 0;
  int width = 0, height = 0;
  int64_t bytes = 0;  // of both files
  double created = 0;
  std::string prompt = {}, words = {};
  bool filtered = false;
};

// A job that was accepted. JSON is text here: the store does not look into it.
struct JobRecord {
  std::string id = {}, client = {};
  double created = 0;
  uint64_t seed = 0;
  std::string request = {};                  // the fields of its request
  std::string picture = {}, mask = {};       // files that came with it
  std::string answer = {};                   // what Yent said, as JSON; empty before
  std::string document = {};                 // the job as it is told, once it is over; empty before
  std::vector<PictureRecord> pictures = {};  // that are finished
};

}  // namespace yent::server
