/* Loads a SavedModel as TensorFlow Serving does, and answers requests by its signatures.

   loader <folder of a SavedModel> reads requests from standard input and writes answers to standard
   output until the input ends. In both, lines of text are followed by the bytes of a tensor:

   request:  <signature> <number of inputs> <repeats>
             for each input: <name> <TF_DataType> <rank> <size>..., then its bytes
   answer:   ok <number of outputs>
             for each output: <name> <TF_DataType> <rank> <size>..., then its bytes
             then the seconds that each repeat took, as doubles
             or, in place of all: error <message>

   Signatures are read from the SavedModel itself, so nothing but names is shared with its maker. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tensorflow/c/c_api.h"

enum { MAX_TENSORS = 16, MAX_RANK = 8, MAX_NAME = 256 };

/* Fields of MetaGraphDef, of SignatureDef, of TensorInfo and of the entries of maps. */
enum { SIGNATURES = 5, INPUTS = 1, OUTPUTS = 2, TENSOR_NAME = 1, KEY = 1, VALUE = 2 };

typedef struct {
  const uint8_t *at, *end;
} Bytes;

typedef struct {
  char name[MAX_NAME];
  TF_Output place;
} Port;

static void fail(const char *message) {
  fprintf(stderr, "%s\n", message);
  exit(1);
}

/* Protocol buffers ---------------------------------------------------------------------------- */

static uint64_t read_varint(Bytes *message) {
  uint64_t value = 0;
  for (int shift = 0; message->at < message->end && shift < 64; shift += 7) {
    uint8_t byte = *message->at++;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return value;
  }
  fail("The SavedModel holds a broken varint");
  return 0;
}

/* The next field of a message: its number, and its bytes where it has a length. 0 at the end. */
static int next_field(Bytes *message, Bytes *value) {
  if (message->at >= message->end) return 0;
  uint64_t tag = read_varint(message), length = 0;
  switch (tag & 7) {
    case 0: read_varint(message); break;
    case 1: length = 8; break;
    case 2: length = read_varint(message); break;
    case 5: length = 4; break;
    default: fail("The SavedModel holds a field of unknown type");
  }
  if (length > (uint64_t)(message->end - message->at)) fail("The SavedModel is cut off");
  value->at = message->at;
  value->end = message->at += length;
  return (int)(tag >> 3);
}

static Bytes field(Bytes message, int number) {
  Bytes value, none = {NULL, NULL};
  for (int found; (found = next_field(&message, &value));)
    if (found == number) return value;
  return none;
}

static void copy_name(char *name, Bytes bytes) {
  size_t length = bytes.end - bytes.at;
  if (length >= MAX_NAME) fail("A name is too long");
  memcpy(name, bytes.at, length);
  name[length] = 0;
}

/* Signatures ---------------------------------------------------------------------------------- */

static int find_signature(Bytes meta_graph, const char *name, Bytes *signature) {
  Bytes entry;
  char key[MAX_NAME];
  for (int number; (number = next_field(&meta_graph, &entry));) {
    if (number != SIGNATURES) continue;
    copy_name(key, field(entry, KEY));
    if (strcmp(key, name)) continue;
    *signature = field(entry, VALUE);
    return 1;
  }
  return 0;
}

/* The inputs or the outputs of a signature; returns their number. */
static int find_ports(Bytes signature, int side, TF_Graph *graph, Port *ports) {
  int count = 0;
  Bytes entry;
  for (int number; (number = next_field(&signature, &entry));) {
    if (number != side) continue;
    if (count == MAX_TENSORS) fail("The signature has too many tensors");
    Port *port = &ports[count++];
    char place[MAX_NAME];
    copy_name(port->name, field(entry, KEY));
    copy_name(place, field(field(entry, VALUE), TENSOR_NAME));
    char *colon = strrchr(place, ':');
    if (!colon) fail("A tensor of the signature has no index");
    *colon = 0;
    port->place.index = atoi(colon + 1);
    port->place.oper = TF_GraphOperationByName(graph, place);
    if (!port->place.oper) fail("A tensor of the signature is not in the graph");
  }
  return count;
}

/* Requests and answers ------------------------------------------------------------------------ */

static TF_Tensor *read_tensor(char *name) {
  int dtype, rank;
  int64_t sizes[MAX_RANK], count = 1;
  if (scanf("%255s %d %d", name, &dtype, &rank) != 3 || rank < 0 || rank > MAX_RANK)
    fail("The request has a broken line");
  for (int i = 0; i < rank; i++) {
    if (scanf("%ld", &sizes[i]) != 1) fail("The request has a broken line");
    count *= sizes[i];
  }
  getchar(); /* the end of the line */
  TF_Tensor *tensor =
      TF_AllocateTensor(dtype, sizes, rank, count * TF_DataTypeSize((TF_DataType)dtype));
  size_t bytes = TF_TensorByteSize(tensor);
  if (fread(TF_TensorData(tensor), 1, bytes, stdin) != bytes) fail("The request is cut off");
  return tensor;
}

static void write_tensor(const char *name, const TF_Tensor *tensor) {
  printf("%s %d %d", name, TF_TensorType(tensor), TF_NumDims(tensor));
  for (int i = 0; i < TF_NumDims(tensor); i++) printf(" %ld", TF_Dim(tensor, i));
  printf("\n");
  fwrite(TF_TensorData(tensor), 1, TF_TensorByteSize(tensor), stdout);
}

static void write_error(const char *message) {
  printf("error ");
  for (; *message; message++) putchar(*message == '\n' ? ' ' : *message);
  printf("\n");
}

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec + 1e-9 * now.tv_nsec;
}

/* Puts the tensors of a request in the order of the signature's inputs; 0 where they are others. */
static int match(int count, char names[][MAX_NAME], Port *ports, int n_ports, TF_Output *places) {
  if (count != n_ports) return 0;
  for (int i = 0; i < count; i++) {
    int j = 0;
    while (j < n_ports && strcmp(names[i], ports[j].name)) j++;
    if (j == n_ports) return 0;
    places[i] = ports[j].place;
  }
  return 1;
}

static void answer(TF_Session *session, TF_Graph *graph, Bytes meta_graph, TF_Status *status) {
  char signature_name[MAX_NAME], names[MAX_TENSORS][MAX_NAME];
  int n_given, repeats;
  if (scanf("%255s %d %d", signature_name, &n_given, &repeats) != 3) exit(0);
  if (n_given > MAX_TENSORS || repeats < 1) fail("The request has a broken line");
  TF_Tensor *given[MAX_TENSORS], *got[MAX_TENSORS];
  for (int i = 0; i < n_given; i++) given[i] = read_tensor(names[i]);

  Bytes signature;
  Port inputs[MAX_TENSORS], outputs[MAX_TENSORS];
  TF_Output in[MAX_TENSORS], out[MAX_TENSORS];
  double *taken = malloc(repeats * sizeof *taken);
  int n_outputs = 0, ok = 0;
  if (!find_signature(meta_graph, signature_name, &signature)) {
    write_error("there is no such signature");
  } else if (!match(n_given, names, inputs, find_ports(signature, INPUTS, graph, inputs), in)) {
    write_error("the inputs are not those of the signature");
  } else {
    n_outputs = find_ports(signature, OUTPUTS, graph, outputs);
    for (int i = 0; i < n_outputs; i++) out[i] = outputs[i].place;
    ok = 1;
  }
  for (int repeat = 0; ok && repeat < repeats; repeat++) {
    double start = seconds();
    TF_SessionRun(session, NULL, in, given, n_given, out, got, n_outputs, NULL, 0, NULL, status);
    taken[repeat] = seconds() - start;
    if (TF_GetCode(status) != TF_OK) {
      write_error(TF_Message(status));
      ok = 0;
    } else if (repeat < repeats - 1) {
      for (int i = 0; i < n_outputs; i++) TF_DeleteTensor(got[i]);
    }
  }
  if (ok) {
    printf("ok %d\n", n_outputs);
    for (int i = 0; i < n_outputs; i++) {
      write_tensor(outputs[i].name, got[i]);
      TF_DeleteTensor(got[i]);
    }
    fwrite(taken, sizeof *taken, repeats, stdout);
  }
  fflush(stdout);
  for (int i = 0; i < n_given; i++) TF_DeleteTensor(given[i]);
  free(taken);
}

int main(int argc, char **argv) {
  if (argc != 2) fail("usage: loader <folder of a SavedModel>");
  TF_Status *status = TF_NewStatus();
  TF_Graph *graph = TF_NewGraph();
  TF_Buffer *meta_graph = TF_NewBuffer();
  const char *tags[] = {"serve"};
  TF_Session *session = TF_LoadSessionFromSavedModel(
      TF_NewSessionOptions(), NULL, argv[1], tags, 1, graph, meta_graph, status);
  if (TF_GetCode(status) != TF_OK) fail(TF_Message(status));
  Bytes bytes = {meta_graph->data, (const uint8_t *)meta_graph->data + meta_graph->length};
  for (;;) answer(session, graph, bytes, status);
}
