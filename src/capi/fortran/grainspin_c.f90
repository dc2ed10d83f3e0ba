! The C interface (grainspin.h) as Fortran sees it: numbers, structs and calls under their C names. Units, conventions
! and errors are told there. Module grainspin (grainspin.f90) makes types with finalizers of it; this one is for what that
! leaves out. The library is version-checked by grainspin_api_version().
module grainspin_c
  use, intrinsic :: iso_c_binding
  implicit none
  private
  public :: c_ptr, c_null_ptr, c_loc, c_float, c_double, c_int8_t, c_int32_t, c_int64_t

  ! Of the header that this file follows; grainspin_api_version() is the library's.
  integer(c_int32_t), parameter, public :: grainspin_header_version = 3

  ! status
  integer, parameter, public :: grainspin_ok = 0, grainspin_error_argument = 1, grainspin_error_shape = 2, &
    grainspin_error_io = 3, grainspin_error_format = 4, grainspin_error_device = 5, grainspin_error_memory = 6, &
    grainspin_error_convergence = 7, grainspin_error_internal = 8, grainspin_interrupted = 9
  ! element types
  integer(c_int32_t), parameter, public :: grainspin_float = 0, grainspin_double = 1, grainspin_int32 = 2, grainspin_uint8 = 3
  ! places
  integer(c_int32_t), parameter, public :: grainspin_host = 0, grainspin_cuda = 1, grainspin_auto = 2
  ! precision of a model
  integer(c_int32_t), parameter, public :: grainspin_strict = 0, grainspin_fast = 1
  ! layouts: (c,x,y,z), (x,y,z,c), as the strides say
  integer(c_int32_t), parameter, public :: grainspin_layout_voxel = 0, grainspin_layout_component = 1, &
    grainspin_layout_strides = 2
  ! representations and directions of orientations
  integer(c_int32_t), parameter, public :: grainspin_quaternion_wxyz = 0, grainspin_quaternion_xyzw = 1, &
    grainspin_bunge_radians = 2, grainspin_bunge_degrees = 3, grainspin_matrix = 4, grainspin_rodrigues = 5, &
    grainspin_axis_angle = 6
  integer(c_int32_t), parameter, public :: grainspin_crystal_to_sample = 0, grainspin_sample_to_crystal = 1
  ! families, what re-enters each step, boundaries, verdicts, levels of the log
  integer(c_int32_t), parameter, public :: grainspin_local = 0, grainspin_nonlocal = 1
  integer(c_int32_t), parameter, public :: grainspin_initial = 0, grainspin_own = 1, grainspin_neighbours = 2, &
    grainspin_everything = 3
  integer(c_int32_t), parameter, public :: grainspin_periodic = 0, grainspin_clamped = 1
  integer(c_int32_t), parameter, public :: grainspin_fine = 0, grainspin_doubtful = 1, grainspin_outside = 2
  integer(c_int32_t), parameter, public :: grainspin_log_note = 0, grainspin_log_warning = 1

  type, bind(c), public :: grainspin_array
    type(c_ptr) :: data = c_null_ptr
    integer(c_int64_t) :: count = 0
    integer(c_int32_t) :: type = grainspin_float, place = grainspin_host, layout = grainspin_layout_voxel, reserved = 0
    integer(c_int64_t) :: stride(4) = 0  ! x, y, z, component
  end type

  type, bind(c), public :: grainspin_convention
    integer(c_int32_t) :: representation = grainspin_quaternion_wxyz, direction = grainspin_crystal_to_sample
  end type

  type, bind(c), public :: c_grainspin_load
    real(c_double) :: L(9) = 0  ! row-major: transposed when seen as a Fortran array (3,3)
    integer(c_int8_t) :: prescribed(9) = 1, reserved(7) = 0
  end type

  type, bind(c), public :: c_grainspin_model_options
    integer(c_size_t) :: size = 0
    integer(c_int32_t) :: device, gpu, threads, precision
    type(c_funptr) :: log
    type(c_ptr) :: user
    integer(c_int32_t) :: members, reserved
  end type

  type, bind(c), public :: c_grainspin_model_info
    integer(c_size_t) :: size = 0
    integer(c_int32_t) :: family, feedback, device, takes_load, takes_orientations, gives_stress, gives_log_variance, &
      radius, phases, states_domain
    integer(c_int64_t) :: own_steps
    type(c_ptr) :: description, point_group, settings, domain, provenance, scores
    integer(c_int32_t) :: members, estimates_error
  end type

  type, bind(c), public :: c_grainspin_phase_info
    integer(c_size_t) :: size = 0
    type(c_ptr) :: name, point_group, slip_families
    real(c_double) :: c_over_a
  end type

  type, bind(c), public :: c_grainspin_state_options
    integer(c_size_t) :: size = 0
    integer(c_int64_t) :: extent(3)
    integer(c_int32_t) :: boundary(3), padding
    real(c_double) :: spacing(3)
    type(grainspin_convention) :: convention
    type(c_ptr) :: orientation, mask, phase, stream
    type(c_funptr) :: progress, log
    type(c_ptr) :: user
    integer(c_int32_t) :: estimate_error, reserved
  end type

  type, bind(c), public :: grainspin_memory  ! bytes; size is set by the module
    integer(c_size_t) :: size = 0
    integer(c_int64_t) :: host = 0, device = 0, accept = 0, saved = 0
  end type

  type, bind(c), public :: grainspin_state_info  ! size is set by the module
    integer(c_size_t) :: size = 0
    integer(c_int64_t) :: extent(3) = 0, step = 0, accepted = 0
    real(c_double) :: total_strain = 0
  end type

  type, bind(c), public :: grainspin_error_estimate  ! radians; size is set by the module
    integer(c_size_t) :: size = 0
    real(c_double) :: expected = 0, radius(3) = 0
  end type

  type, bind(c), public :: c_grainspin_verdict
    integer(c_size_t) :: size = 0
    integer(c_int32_t) :: verdict = 0, stated = 0
    integer(c_int64_t) :: steps = 0, voxels_doubtful = 0, voxels_outside = 0
    type(c_ptr) :: reason = c_null_ptr
  end type

  public :: grainspin_last_error, grainspin_status_name, grainspin_api_version, grainspin_components
  public :: grainspin_version, grainspin_conventions, c_grainspin_model_options_init, c_grainspin_model_load
  public :: c_grainspin_model_free, c_grainspin_model_query, c_grainspin_model_phase, c_grainspin_model_loads
  public :: c_grainspin_named_loads, c_grainspin_state_options_init, c_grainspin_state_create, c_grainspin_state_free
  public :: c_grainspin_estimate_memory, c_grainspin_state_query, c_grainspin_advance, c_grainspin_accept
  public :: c_grainspin_revert, c_grainspin_set_orientations, c_grainspin_get_orientations, c_grainspin_get_increments
  public :: c_grainspin_get_stress, c_grainspin_get_log_variance, c_grainspin_get_verdicts, c_grainspin_state_save
  public :: c_grainspin_state_error, c_grainspin_get_estimated_error
  public :: c_grainspin_state_save_memory, c_grainspin_state_restore, c_grainspin_state_restore_memory
  public :: grainspin_text

  interface
    type(c_ptr) function c_last_error() bind(c, name="grainspin_last_error")
      import
    end function
    type(c_ptr) function c_status_name(status) bind(c, name="grainspin_status_name")
      import
      integer(c_int), value :: status
    end function
    integer(c_int32_t) function grainspin_api_version() bind(c)
      import
    end function
    type(c_ptr) function c_version() bind(c, name="grainspin_version")
      import
    end function
    type(c_ptr) function c_conventions() bind(c, name="grainspin_conventions")
      import
    end function
    pure integer(c_int32_t) function grainspin_components(representation) bind(c)
      import
      integer(c_int32_t), value :: representation
    end function

    integer(c_int) function c_grainspin_model_options_init(options, size) bind(c, name="grainspin_model_options_init")
      import
      type(c_grainspin_model_options), intent(inout) :: options
      integer(c_size_t), value :: size
    end function
    integer(c_int) function c_grainspin_model_load(path, options, model) bind(c, name="grainspin_model_load")
      import
      character(kind=c_char), intent(in) :: path(*)
      type(c_grainspin_model_options), intent(in) :: options
      type(c_ptr), intent(out) :: model
    end function
    subroutine c_grainspin_model_free(model) bind(c, name="grainspin_model_free")
      import
      type(c_ptr), value :: model
    end subroutine
    integer(c_int) function c_grainspin_model_query(model, info) bind(c, name="grainspin_model_query")
      import
      type(c_ptr), value :: model
      type(c_grainspin_model_info), intent(inout) :: info
    end function
    integer(c_int) function c_grainspin_model_phase(model, index, info) bind(c, name="grainspin_model_phase")
      import
      type(c_ptr), value :: model
      integer(c_int32_t), value :: index
      type(c_grainspin_phase_info), intent(inout) :: info
    end function
    integer(c_int) function c_grainspin_model_loads(model, capacity, loads, count) bind(c, name="grainspin_model_loads")
      import
      type(c_ptr), value :: model
      integer(c_int64_t), value :: capacity
      type(c_grainspin_load), intent(inout) :: loads(*)
      integer(c_int64_t), intent(out) :: count
    end function
    integer(c_int) function c_grainspin_named_loads(model, text, capacity, loads, count) bind(c, name="grainspin_named_loads")
      import
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: text(*)
      integer(c_int64_t), value :: capacity
      type(c_grainspin_load), intent(inout) :: loads(*)
      integer(c_int64_t), intent(out) :: count
    end function

    integer(c_int) function c_grainspin_state_options_init(options, size) bind(c, name="grainspin_state_options_init")
      import
      type(c_grainspin_state_options), intent(inout) :: options
      integer(c_size_t), value :: size
    end function
    integer(c_int) function c_grainspin_state_create(model, options, state) bind(c, name="grainspin_state_create")
      import
      type(c_ptr), value :: model
      type(c_grainspin_state_options), intent(in) :: options
      type(c_ptr), intent(out) :: state
    end function
    subroutine c_grainspin_state_free(state) bind(c, name="grainspin_state_free")
      import
      type(c_ptr), value :: state
    end subroutine
    integer(c_int) function c_grainspin_estimate_memory(model, options, memory) bind(c, name="grainspin_estimate_memory")
      import
      type(c_ptr), value :: model
      type(c_grainspin_state_options), intent(in) :: options
      type(grainspin_memory), intent(inout) :: memory
    end function
    integer(c_int) function c_grainspin_state_query(state, info) bind(c, name="grainspin_state_query")
      import
      type(c_ptr), value :: state
      type(grainspin_state_info), intent(inout) :: info
    end function

    ! loads, found: c_ptr to c_grainspin_load(steps) or null
    integer(c_int) function c_grainspin_advance(state, steps, loads, found, verdict) bind(c, name="grainspin_advance")
      import
      type(c_ptr), value :: state
      integer(c_int64_t), value :: steps
      type(c_ptr), value :: loads, found
      type(c_grainspin_verdict), intent(inout) :: verdict
    end function
    integer(c_int) function c_grainspin_accept(state) bind(c, name="grainspin_accept")
      import
      type(c_ptr), value :: state
    end function
    integer(c_int) function c_grainspin_revert(state) bind(c, name="grainspin_revert")
      import
      type(c_ptr), value :: state
    end function
    integer(c_int) function c_grainspin_set_orientations(state, orientation, convention) &
        bind(c, name="grainspin_set_orientations")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: orientation
      type(grainspin_convention), intent(in) :: convention
    end function
    integer(c_int) function c_grainspin_get_orientations(state, out, convention) bind(c, name="grainspin_get_orientations")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: out
      type(grainspin_convention), intent(in) :: convention
    end function
    integer(c_int) function c_grainspin_get_increments(state, out) bind(c, name="grainspin_get_increments")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: out
    end function
    integer(c_int) function c_grainspin_get_stress(state, out) bind(c, name="grainspin_get_stress")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: out
    end function
    integer(c_int) function c_grainspin_get_log_variance(state, out) bind(c, name="grainspin_get_log_variance")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: out
    end function
    integer(c_int) function c_grainspin_get_verdicts(state, out) bind(c, name="grainspin_get_verdicts")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: out
    end function

    integer(c_int) function c_grainspin_state_error(state, estimate) bind(c, name="grainspin_state_error")
      import
      type(c_ptr), value :: state
      type(grainspin_error_estimate), intent(inout) :: estimate
    end function
    integer(c_int) function c_grainspin_get_estimated_error(state, out) bind(c, name="grainspin_get_estimated_error")
      import
      type(c_ptr), value :: state
      type(grainspin_array), intent(in) :: out
    end function

    integer(c_int) function c_grainspin_state_save(state, path) bind(c, name="grainspin_state_save")
      import
      type(c_ptr), value :: state
      character(kind=c_char), intent(in) :: path(*)
    end function
    integer(c_int) function c_grainspin_state_save_memory(state, buffer, capacity, bytes) &
        bind(c, name="grainspin_state_save_memory")
      import
      type(c_ptr), value :: state, buffer
      integer(c_int64_t), value :: capacity
      integer(c_int64_t), intent(out) :: bytes
    end function
    integer(c_int) function c_grainspin_state_restore(model, path, options, state) bind(c, name="grainspin_state_restore")
      import
      type(c_ptr), value :: model
      character(kind=c_char), intent(in) :: path(*)
      type(c_grainspin_state_options), intent(in) :: options
      type(c_ptr), intent(out) :: state
    end function
    integer(c_int) function c_grainspin_state_restore_memory(model, buffer, bytes, options, state) &
        bind(c, name="grainspin_state_restore_memory")
      import
      type(c_ptr), value :: model, buffer
      integer(c_int64_t), value :: bytes
      type(c_grainspin_state_options), intent(in) :: options
      type(c_ptr), intent(out) :: state
    end function

    integer(c_size_t) function strlen(text) bind(c)
      import
      type(c_ptr), value :: text
    end function
  end interface

contains

  ! A C text; empty for a null pointer.
  function grainspin_text(pointer) result(text)
    type(c_ptr), intent(in) :: pointer
    character(:), allocatable :: text
    character(kind=c_char), pointer :: letters(:)
    integer(c_size_t) :: length, i
    text = ""
    if (.not. c_associated(pointer)) return
    length = strlen(pointer)
    call c_f_pointer(pointer, letters, [length])
    deallocate (text)
    allocate (character(length) :: text)
    do i = 1, length
      text(i:i) = letters(i)
    end do
  end function

  ! Text of this thread's last call that failed.
  function grainspin_last_error() result(text)
    character(:), allocatable :: text
    text = grainspin_text(c_last_error())
  end function

  ! "0.1.0 (1a2b3c4d5e6f)"
  function grainspin_version() result(text)
    character(:), allocatable :: text
    text = grainspin_text(c_version())
  end function

  ! What the numbers mean, as one text.
  function grainspin_conventions() result(text)
    character(:), allocatable :: text
    text = grainspin_text(c_conventions())
  end function

  ! "argument", "shape" ...
  function grainspin_status_name(status) result(text)
    integer, intent(in) :: status
    character(:), allocatable :: text
    text = grainspin_text(c_status_name(int(status, c_int)))
  end function
end module
