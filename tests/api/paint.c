/* paint MODEL PROMPT SEED OUT.png: a picture by the installed library alone. */
#include <stdio.h>
#include <stdlib.h>
#include <yent/yent.h>

static void check(yent_status status) {
  if (status == YENT_OK) return;
  fprintf(stderr, "paint: %s\n", yent_last_error());
  exit(status);
}

int main(int argc, char** argv) {
  yent_device* device;
  yent_painter* painter;
  yent_pictures* pictures;
  yent_painter_params model;
  yent_paint_params request;
  uint8_t* png;
  size_t size;
  if (argc != 5) return 2;
  yent_painter_params_init(&model, sizeof model);
  yent_paint_params_init(&request, sizeof request);
  model.model = argv[1];
  request.prompt = argv[2];
  request.seed = strtoull(argv[3], NULL, 10);
  check(yent_device_create(NULL, &device));
  check(yent_painter_create(device, &model, &painter));
  check(yent_paint(painter, &request, &pictures));
  const yent_picture* picture = yent_pictures_get(pictures, 0);
  check(yent_encode_png(picture->image, picture->infotext, &png, &size));
  FILE* out = fopen(argv[4], "wb");
  if (!out || fwrite(png, 1, size, out) != size || fclose(out) != 0) return 1;
  yent_free(png);
  yent_pictures_destroy(pictures);
  yent_painter_destroy(painter);
  yent_device_destroy(device);
  return 0;
}
