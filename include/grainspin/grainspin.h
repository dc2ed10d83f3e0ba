/* grainspin's C interface (C99): carry the crystal orientations of a voxel grid through strain steps with a trained
 * model. libgrainspin.so; docs/interface.md explains with examples; grainspin.hpp wraps it for C++.
 *
 *   grainspin_model* model;  grainspin_state* state;
 *   grainspin_state_options o;  grainspin_state_options_init(&o, sizeof o);
 *   if (grainspin_model_load("cu.safetensors", NULL, &model)) report(grainspin_last_error());
 *   o.extent[0] = o.extent[1] = o.extent[2] = 64;  o.orientation = &q;             (q: a grainspin_array)
 *   grainspin_state_create(model, &o, &state);  grainspin_advance(state, 1, NULL, NULL, &result);
 *   grainspin_get_orientations(state, &q, NULL);  grainspin_state_free(state);  grainspin_model_free(model);
 *
 * Status. Every call that can fail returns 0 or a grainspin_status; the text for a person is grainspin_last_error().
 * The status says whether the call worked; the verdict of a step (grainspin_verdict) says whether to believe it.
 * A call that fails has changed nothing, except as grainspin_advance says. Nothing is printed, nothing ends the
 * program.
 *
 * Conventions. Orientations map crystal to sample vectors, v_sample = R v_crystal. Rotation increments are
 * sample-frame rotation vectors w in radians: q' = exp(w) q. Stress is the Cauchy stress in Pa, components
 * xx yy zz yz xz xy, sample frame. Loads are row-major velocity gradients times time. x is the fastest axis of a grid.
 *
 * Threads. Different states may be used at the same time from different threads, states of one model too: these
 * share the model's worker threads, so their steps take turns. One state is used by one thread at a time. A model
 * never changes after it was loaded. Handles may be freed on any thread. Results are the same bits for any number
 * of threads. Creating, restoring and estimating plan Fourier transforms (FFTW, single precision): FFTW's planner is
 * not to be called by the program itself at that moment (its execution may be).
 *
 * Streams. Arrays in GPU memory (`place` GRAINSPIN_CUDA; the model runs on that GPU) are used in the order of the state's
 * stream (grainspin_state_options.stream; NULL: the legacy default stream), of that GPU and alive as long as the state:
 * a call reads or writes them after everything that the stream was given before the call, and what the stream is given
 * after the call comes after that. A call that reads such an array (create, set) has read it when it returns. One that
 * writes them (get) may return before it is written: let the stream do what follows, or wait for it. Steps
 * (grainspin_advance) are done when the call returns. The thread's current CUDA device is the same after every call.
 *
 * Versions. Structs that may grow begin with `size`; their _init functions set it and the defaults. A struct from an
 * older header works with a newer library; fields that a library does not know must be zero. */
#ifndef GRAINSPIN_GRAINSPIN_H
#define GRAINSPIN_GRAINSPIN_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define GRAINSPIN_API __attribute__((visibility("default")))
#else
#define GRAINSPIN_API
#endif

/* Of this header; grainspin_api_version() is the library's. Counted up with every addition. */
#define GRAINSPIN_API_VERSION 3 /* 2: arrays in GPU memory, streams; 3: members of ensembles, estimated error */

#ifdef __cplusplus
extern "C" {
#endif

/* ---- status ------------------------------------------------------------------------------------------------- */

typedef enum grainspin_status {
  GRAINSPIN_OK = 0,
  GRAINSPIN_ERROR_ARGUMENT = 1,    /* makes no sense, or the model cannot do it: the text says why */
  GRAINSPIN_ERROR_SHAPE = 2,       /* sizes that do not belong together; an array that is too small */
  GRAINSPIN_ERROR_IO = 3,          /* a file cannot be opened, read or written; no space left */
  GRAINSPIN_ERROR_FORMAT = 4,      /* a file is not what it claims to be, or of an unknown version */
  GRAINSPIN_ERROR_DEVICE = 5,      /* no such device, or part of the library; an array lies elsewhere than it says */
  GRAINSPIN_ERROR_MEMORY = 6,      /* does not fit */
  GRAINSPIN_ERROR_CONVERGENCE = 7, /* retry with a smaller step: the program's exit status; no call here gives it */
  GRAINSPIN_ERROR_INTERNAL = 8,    /* a broken promise inside the library */
  GRAINSPIN_INTERRUPTED = 9        /* the progress callback asked for it; finished steps are kept */
} grainspin_status;

/* Text of the calling thread's last call that failed; "" where none has. Valid until this thread's next call. */
GRAINSPIN_API const char* grainspin_last_error(void);
/* "argument", "shape" ...; "unknown" for a number that is no status. */
GRAINSPIN_API const char* grainspin_status_name(int status);
GRAINSPIN_API int32_t grainspin_api_version(void);
GRAINSPIN_API const char* grainspin_version(void);     /* "0.1.0 (1a2b3c4d5e6f)" */
GRAINSPIN_API const char* grainspin_conventions(void); /* those above, as one text */

/* ---- arrays --------------------------------------------------------------------------------------------------- */

enum { GRAINSPIN_FLOAT = 0, GRAINSPIN_DOUBLE = 1, GRAINSPIN_INT32 = 2, GRAINSPIN_UINT8 = 3 };
enum { GRAINSPIN_HOST = 0, GRAINSPIN_CUDA = 1 }; /* where memory lies, where a model runs */
enum { GRAINSPIN_AUTO = 2 };                     /* of a model's device: CUDA where it can be used, else the host */
enum {
  GRAINSPIN_LAYOUT_VOXEL = 0,     /* C [z][y][x][c], Fortran (c,x,y,z): a voxel's components side by side */
  GRAINSPIN_LAYOUT_COMPONENT = 1, /* C [c][z][y][x], Fortran (x,y,z,c): structure of arrays */
  GRAINSPIN_LAYOUT_STRIDES = 2    /* as `stride` says */
};

/* The caller's array over the whole grid. All zero but data and count: dense float32 on the host, layout VOXEL. */
typedef struct grainspin_array {
  void* data;        /* the library writes only where a function says so */
  int64_t count;     /* elements from data on; too few is GRAINSPIN_ERROR_SHAPE */
  int32_t type;      /* GRAINSPIN_FLOAT ... */
  int32_t place;     /* GRAINSPIN_HOST; GRAINSPIN_CUDA: memory of the model's GPU (cudaMalloc, cudaMallocManaged) */
  int32_t layout;    /* GRAINSPIN_LAYOUT_... */
  int32_t reserved;  /* 0 */
  int64_t stride[4]; /* LAYOUT_STRIDES: elements from one x, y, z, component to the next; > 0, none overlap */
} grainspin_array;

/* Orientations as the caller has them. All zero: as in the model files and DAMASK's O. */
enum {
  GRAINSPIN_QUATERNION_WXYZ = 0, /* 4 components, unit */
  GRAINSPIN_QUATERNION_XYZW = 1, /* 4, unit */
  GRAINSPIN_BUNGE_RADIANS = 2,   /* 3: phi1, Phi, phi2 (ZXZ); their meaning is fixed, so `direction` is not read */
  GRAINSPIN_BUNGE_DEGREES = 3,
  GRAINSPIN_MATRIX = 4,    /* 9, row-major; the transpose (Fortran's order) is the other direction */
  GRAINSPIN_RODRIGUES = 5, /* 3: tan(angle/2) axis; infinite at 180 degrees */
  GRAINSPIN_AXIS_ANGLE = 6 /* 4: unit axis, angle in radians */
};
enum {
  GRAINSPIN_CRYSTAL_TO_SAMPLE = 0, /* the numbers are of R, v_sample = R v_crystal (DAMASK) */
  GRAINSPIN_SAMPLE_TO_CRYSTAL = 1  /* of its inverse: passive matrices, conjugated quaternions (DREAM.3D's Quats) */
};
typedef struct grainspin_convention {
  int32_t representation; /* GRAINSPIN_QUATERNION_WXYZ ... */
  int32_t direction;      /* GRAINSPIN_CRYSTAL_TO_SAMPLE, GRAINSPIN_SAMPLE_TO_CRYSTAL */
} grainspin_convention;

/* Components of a representation; 0 for a number that is none. */
GRAINSPIN_API int32_t grainspin_components(int32_t representation);

/* Load of one step: velocity gradient times time, sample frame, row-major. Components with prescribed 0 are left
 * free by the boundary condition and not read (but must be finite). */
typedef struct grainspin_load {
  double L[9];
  uint8_t prescribed[9];
  uint8_t reserved[7]; /* 0 */
} grainspin_load;

/* ---- callbacks -------------------------------------------------------------------------------------------------- */

/* After every step, on the calling thread, fraction in (0, 1] of the call. Not 0: stop (GRAINSPIN_INTERRUPTED). */
typedef int (*grainspin_progress)(void* user, double fraction, const char* what);
enum { GRAINSPIN_LOG_NOTE = 0, GRAINSPIN_LOG_WARNING = 1 };
/* What a person may want to know, on the calling thread: why no GPU is used, what is outside the training domain.
 * Neither callback may call this interface with the same state, nor throw or jump out. */
typedef void (*grainspin_log)(void* user, int32_t level, const char* text);

/* ---- models -------------------------------------------------------------------------------------------------- */

typedef struct grainspin_model grainspin_model;

/* Strict: fp32 throughout. Fast: local models in bf16 where the device has it, the state of nonlocal models in fp16 on
 * a GPU; else as strict. */
enum { GRAINSPIN_STRICT = 0, GRAINSPIN_FAST = 1 };

typedef struct grainspin_model_options {
  size_t size;
  int32_t device;  /* GRAINSPIN_AUTO (default), GRAINSPIN_HOST, GRAINSPIN_CUDA: an error where it is not there */
  int32_t gpu;     /* number of the GPU, from 0 */
  int32_t threads; /* worker threads on the CPU; 0 (default): as many as the machine has */
  int32_t precision; /* GRAINSPIN_STRICT (default), GRAINSPIN_FAST */
  grainspin_log log; /* or NULL */
  void* user;        /* for the callback */
  int32_t members;   /* of an ensemble: 0 (default): all; 1: the first alone, at its own cost and with its own calibration */
  int32_t reserved;  /* 0 */
} grainspin_model_options;
GRAINSPIN_API grainspin_status grainspin_model_options_init(grainspin_model_options* options, size_t size);

/* Reads a model file. options may be NULL: the defaults. *model is NULL after an error. */
GRAINSPIN_API grainspin_status grainspin_model_load(const char* path, const grainspin_model_options* options,
                                                    grainspin_model** model);
/* NULL is allowed. States keep what they need of their model alive. */
GRAINSPIN_API void grainspin_model_free(grainspin_model* model);

enum { GRAINSPIN_LOCAL = 0, GRAINSPIN_NONLOCAL = 1 };
/* What re-enters each step: nothing, the voxel's own predicted orientation, those of the cube, those of all voxels. */
enum { GRAINSPIN_INITIAL = 0, GRAINSPIN_OWN = 1, GRAINSPIN_NEIGHBOURS = 2, GRAINSPIN_EVERYTHING = 3 };

typedef struct grainspin_model_info { /* texts belong to the model */
  size_t size;
  int32_t family;             /* GRAINSPIN_LOCAL, GRAINSPIN_NONLOCAL */
  int32_t feedback;           /* GRAINSPIN_INITIAL ... */
  int32_t device;             /* that it runs on */
  int32_t takes_load;         /* 1: the load of every step is an input; 0: it knows its own loads only */
  int32_t takes_orientations; /* 1: grainspin_set_orientations works */
  int32_t gives_stress;
  int32_t gives_log_variance;
  int32_t radius;            /* local: of the cube of neighbours */
  int32_t phases;            /* crystalline phases; local: 1 */
  int32_t states_domain;     /* 1: the file states its domain of training, so that verdicts mean something */
  int64_t own_steps;         /* steps of its own loads; takes_load 0: no more can be done */
  const char* description;   /* "engine, CPU AVX-512, 2 threads" */
  const char* point_group;   /* of phase 0: "432" ... */
  const char* settings;      /* JSON: of the network, as the model file has them */
  const char* domain;        /* JSON: ranges of the training data */
  const char* provenance;    /* JSON: archives, command, version */
  const char* scores;        /* JSON */
  int32_t members;           /* that run: of an ensemble as loaded, else 1 */
  int32_t estimates_error;   /* 1: its states can keep an estimate of their error */
} grainspin_model_info;
/* info->size is to be set (sizeof *info). */
GRAINSPIN_API grainspin_status grainspin_model_query(const grainspin_model* model, grainspin_model_info* info);

typedef struct grainspin_phase_info { /* texts belong to the model */
  size_t size;
  const char* name;          /* as the archives call it; "" where not stated */
  const char* point_group;   /* "432" ... */
  const char* slip_families; /* separated by blanks; may be "" */
  double c_over_a;           /* 0 where it means nothing */
} grainspin_phase_info;
GRAINSPIN_API grainspin_status grainspin_model_phase(const grainspin_model* model, int32_t index,
                                                     grainspin_phase_info* info);

/* The model's own loads, or those of a text ("uniaxial:z", "plane-strain:zx:0.1:0.01+shear:xz:0.05"; docs/loads.md)
 * in steps that the model knows. *count becomes how many there are; loads[capacity] receives the first of them and
 * may be NULL with capacity 0. */
GRAINSPIN_API grainspin_status grainspin_model_loads(const grainspin_model* model, int64_t capacity,
                                                     grainspin_load* loads, int64_t* count);
GRAINSPIN_API grainspin_status grainspin_named_loads(const grainspin_model* model, const char* text, int64_t capacity,
                                                     grainspin_load* loads, int64_t* count);

/* ---- states -------------------------------------------------------------------------------------------------- */

typedef struct grainspin_state grainspin_state;

enum { GRAINSPIN_PERIODIC = 0, GRAINSPIN_CLAMPED = 1 }; /* clamped: beyond a face lies the nearest voxel inside */

typedef struct grainspin_state_options { /* arrays are read during the call only */
  size_t size;
  int64_t extent[3];    /* voxels along x, y, z */
  int32_t boundary[3];  /* GRAINSPIN_PERIODIC (default), GRAINSPIN_CLAMPED */
  int32_t padding;      /* nonlocal: layers of mirror images beyond clamped faces; default 8 */
  double spacing[3];    /* nonlocal: of voxels along x, y, z, any unit; only ratios matter; default 1 1 1 */
  grainspin_convention convention;    /* of `orientation` */
  const grainspin_array* orientation; /* of the undeformed grid; not needed for an estimate */
  const grainspin_array* mask;  /* uint8, 1 component, or NULL: 0 where a voxel is left out and keeps its orientation */
  const grainspin_array* phase; /* int32, 1 component, or NULL: the model's phase of each voxel, from 0 */
  void* stream; /* cudaStream_t that arrays in GPU memory are ordered by; NULL: the legacy default stream */
  grainspin_progress progress; /* or NULL */
  grainspin_log log;           /* or NULL */
  void* user;                  /* for the callbacks */
  int32_t estimate_error; /* 1: keep the model's own estimate of its error, 24 bytes a voxel on the host (grainspin_state_error) */
  int32_t reserved;       /* 0 */
} grainspin_state_options;
GRAINSPIN_API grainspin_status grainspin_state_options_init(grainspin_state_options* options, size_t size);

/* A grid at step 0. Orientations of unmasked voxels must be finite and rotations to within 1e-3 (they are made exactly
 * unit; quaternions that are unit within 1e-5 are taken as they are). *state is NULL after an error. */
GRAINSPIN_API grainspin_status grainspin_state_create(const grainspin_model* model,
                                                      const grainspin_state_options* options, grainspin_state** state);
GRAINSPIN_API void grainspin_state_free(grainspin_state* state); /* NULL is allowed */

typedef struct grainspin_memory { /* bytes */
  size_t size;
  int64_t host;   /* of a state */
  int64_t device; /* of a state, on the GPU; 0 on the host */
  int64_t accept; /* beside these once grainspin_accept was called; on the GPU where a quarter of it stays free */
  int64_t saved;  /* of a saved state */
} grainspin_memory;
/* What a state of these options would take, to within some per cent (less where voxels are masked); no arrays are
 * read (mask and phase: whether they are there). */
GRAINSPIN_API grainspin_status grainspin_estimate_memory(const grainspin_model* model,
                                                         const grainspin_state_options* options,
                                                         grainspin_memory* memory);

typedef struct grainspin_state_info {
  size_t size;
  int64_t extent[3];
  int64_t step;          /* steps taken since the undeformed grid */
  int64_t accepted;      /* step that grainspin_revert returns to */
  double total_strain;   /* von Mises, summed over the steps' loads, free components such that the volume stays */
} grainspin_state_info;
GRAINSPIN_API grainspin_status grainspin_state_query(const grainspin_state* state, grainspin_state_info* info);

/* ---- steps ---------------------------------------------------------------------------------------------------- */

/* Whether to believe a step: within the domain of training, near its edge, outside. */
enum { GRAINSPIN_FINE = 0, GRAINSPIN_DOUBTFUL = 1, GRAINSPIN_OUTSIDE = 2 };

typedef struct grainspin_verdict {
  size_t size;
  int32_t verdict;         /* the worst of the call's steps: load, path and voxels, as `grainspin predict` has it */
  int32_t stated;          /* 0: the model states no domain, so FINE says nothing */
  int64_t steps;           /* that the call has finished */
  int64_t voxels_doubtful; /* of the last step */
  int64_t voxels_outside;
  const char* reason;      /* "" where fine; belongs to the state, valid until its next advance, revert or free */
} grainspin_verdict;

/* The next `steps` (>= 1) steps. loads[steps]: NULL for the model's own; a model with takes_load 0 takes NULL only.
 * found[steps] or NULL receives the mean velocity gradient of each step, with the components that the load leaves free
 * as the model found them (takes_load 0: such that the volume stays). verdict or NULL (size to be set). One call with n
 * steps and n calls with one give the same bits. After GRAINSPIN_INTERRUPTED finished steps are kept. An error inside a step (GRAINSPIN_ERROR_MEMORY, _DEVICE,
 * _INTERNAL) leaves a state that only grainspin_revert, _state_query and _state_free take. */
GRAINSPIN_API grainspin_status grainspin_advance(grainspin_state* state, int64_t steps, const grainspin_load* loads,
                                                 grainspin_load* found, grainspin_verdict* verdict);

/* Marks the current step as accepted: grainspin_revert returns to it, until the next is accepted. Copies what the
 * model carries. Without it revert returns to the state as it was created or restored. */
GRAINSPIN_API grainspin_status grainspin_accept(grainspin_state* state);
/* Back to the last accepted step, bit for bit; increments, stress and verdicts of it are not there any more. */
GRAINSPIN_API grainspin_status grainspin_revert(grainspin_state* state);

/* Orientations of another source (the solver's own step) in place of the predicted ones; what the model carries beside
 * stays. Masked voxels are not read. convention may be NULL: all zero. Refused (GRAINSPIN_ERROR_ARGUMENT) by a
 * model whose feedback is GRAINSPIN_INITIAL: it would not see them. */
GRAINSPIN_API grainspin_status grainspin_set_orientations(grainspin_state* state, const grainspin_array* orientation,
                                                          const grainspin_convention* convention);

/* What there is now, into the caller's arrays (float or double, of the host or the GPU). Increments, stress and log variance are refused
 * before the first step, after revert, restore and set; stress and log variance where the model gives none.
 * Masked voxels have zeros and keep their orientation. Components: increments 3, stress 6, log variance 3. */
GRAINSPIN_API grainspin_status grainspin_get_orientations(const grainspin_state* state, const grainspin_array* out,
                                                          const grainspin_convention* convention);
GRAINSPIN_API grainspin_status grainspin_get_increments(const grainspin_state* state, const grainspin_array* out);
GRAINSPIN_API grainspin_status grainspin_get_stress(const grainspin_state* state, const grainspin_array* out);
/* Natural logarithm of the variance of each component of the increment, over the model's increment scale squared. */
GRAINSPIN_API grainspin_status grainspin_get_log_variance(const grainspin_state* state, const grainspin_array* out);
/* uint8 (GRAINSPIN_UINT8), 1 component: GRAINSPIN_FINE ... of each voxel: its orientation and what surrounds it, and its
 * increment and how its grain stands to the load where a step was the last that happened; masked voxels are fine. The load itself and
 * the total strain are in grainspin_verdict alone. Judged once a
 * step, here or by a grainspin_verdict: on the model's GPU, but where the model states what surrounds voxels (the shipped nonlocal ones) on
 * the host, for which orientations and increments are copied there and 20 bytes a voxel are taken meanwhile. */
GRAINSPIN_API grainspin_status grainspin_get_verdicts(const grainspin_state* state, const grainspin_array* out);

/* How far off the model expects orientations to be: the variance of every step's increments, added up along the path since the
 * state was created or orientations were set (these are taken as true), by factors calibrated on runs set aside. Of a state created
 * with `estimate_error`, which a model without calibration refuses (estimates_error 0). Not a bound, and of no worth where the verdict is outside. */
typedef struct grainspin_error_estimate { /* radians, means over the voxels that are not masked */
  size_t size;
  double expected;  /* angle that voxels are off by in the mean */
  double radius[3]; /* angle within which 50, 90, 95 of 100 voxels lie. Of a voxel: its expected angle, times radius over expected */
} grainspin_error_estimate;
GRAINSPIN_API grainspin_status grainspin_state_error(const grainspin_state* state, grainspin_error_estimate* estimate);
/* The expected angle of each voxel, float or double, 1 component, radians; masked voxels have zeros. Before the first step 0. */
GRAINSPIN_API grainspin_status grainspin_get_estimated_error(const grainspin_state* state, const grainspin_array* out);

/* ---- saved states ---------------------------------------------------------------------------------------------- */

/* The current step as a file (written whole or not at all) or into memory. It goes on bit for bit in another process
 * with the same model file, device, precision and version. buffer NULL: only *bytes, what it takes, is set. */
GRAINSPIN_API grainspin_status grainspin_state_save(const grainspin_state* state, const char* path);
GRAINSPIN_API grainspin_status grainspin_state_save_memory(const grainspin_state* state, void* buffer, int64_t capacity,
                                                           int64_t* bytes);
/* options: callbacks and stream of the new state; all else must be as _init left it, it comes from the saved state. May be
 * NULL. Damaged data is refused (GRAINSPIN_ERROR_FORMAT), another model's too. The restored step counts as accepted. */
GRAINSPIN_API grainspin_status grainspin_state_restore(const grainspin_model* model, const char* path,
                                                       const grainspin_state_options* options, grainspin_state** state);
GRAINSPIN_API grainspin_status grainspin_state_restore_memory(const grainspin_model* model, const void* buffer,
                                                              int64_t bytes, const grainspin_state_options* options,
                                                              grainspin_state** state);

#ifdef __cplusplus
}
#endif
#endif
