/* A stand-in for libedgetpu.so.1: what the runtime loads, without the hardware. MODE decides how it behaves.
 * The layout is TfLiteDelegate of tensorflow/lite/core/c/common.h. */
#include <stdint.h>
#include <stdlib.h>

struct delegate {
  void *data;
  int (*prepare)(void *context, struct delegate *self);
  void *unused[3];
  int64_t flags;
  void *opaque;
};

static int prepare(void *context, struct delegate *self) {
  return MODE == PREPARE_FAILS; /* kTfLiteError is 1; success without taking any operator leaves all to the processor */
}

struct delegate *tflite_plugin_create_delegate(char **keys, char **values, size_t count, void (*report)(const char *)) {
  if (MODE == NO_DEVICE) return NULL;
  if (MODE == CRASHES) *(volatile int *)0 = 1;
  struct delegate *created = calloc(1, sizeof *created);
  created->prepare = prepare;
  return created;
}

void tflite_plugin_destroy_delegate(struct delegate *created) { free(created); }
