! States of module grainspin (grainspin.f90): everything but real arrays, which grainspin_states adds.
module grainspin_steps
  use, intrinsic :: iso_c_binding
  use grainspin_c
  use grainspin_arrays
  use grainspin_callbacks
  use grainspin_models
  implicit none
  private
  public :: refused

  type, public :: grainspin_verdict
    integer :: verdict = grainspin_fine  ! grainspin_fine, _doubtful, _outside: whether to believe the call's steps
    logical :: stated = .false.          ! .false.: the model states no domain of training
    integer(c_int64_t) :: steps = 0      ! that the call has finished
    integer(c_int64_t) :: voxels_doubtful = 0, voxels_outside = 0  ! of the last step
    character(:), allocatable :: reason
  end type

  type, public :: state_handle
    private
    type(c_ptr) :: handle = c_null_ptr
    type(listener), pointer :: listens => null()
    integer(c_int64_t) :: voxels(3) = 0
  contains
    procedure, private :: create_array, set_array, orientations_array, increments_array, stress_array, variance_array, &
      error_array, assign_nothing
    ! Descriptors of any type, place and layout; real arrays: grainspin_states.
    generic :: create => create_array
    generic :: set_orientations => set_array
    generic :: get_orientations => orientations_array
    generic :: get_increments => increments_array
    generic :: get_stress => stress_array
    generic :: get_log_variance => variance_array
    generic :: get_estimated_error => error_array ! radians; of a state created with estimate_error=.true.
    procedure :: estimated_error ! (estimate, status, message): means over the voxels
    procedure :: get_verdicts    ! (integer(int8) verdicts(x,y,z), status, message)
    procedure :: extent          ! voxels along x, y, z; zeros where there is no grid
    procedure :: query           ! (info, status, message)
    procedure :: advance         ! (status, message [, steps, loads, found, verdict])
    procedure :: accept          ! (status, message)
    procedure :: revert          ! (status, message)
    procedure :: save => save_file   ! (path, status, message)
    procedure :: save_memory     ! (allocatable integer(int8) buffer(:), status, message)
    procedure :: restore         ! (model, path, status, message [, progress, log, stream])
    procedure :: restore_memory  ! (model, buffer, status, message [, progress, log, stream])
    procedure :: free
    generic :: assignment(=) => assign_nothing
    final :: finish
  end type

contains

  subroutine free(self)
    class(state_handle), intent(inout) :: self
    call c_grainspin_state_free(self%handle)
    self%handle = c_null_ptr
    self%voxels = 0
    if (associated(self%listens)) deallocate (self%listens)
  end subroutine

  subroutine finish(self)
    type(state_handle), intent(inout) :: self
    call self%free()
  end subroutine

  subroutine assign_nothing(left, right)
    class(state_handle), intent(inout) :: left
    class(state_handle), intent(in) :: right
    if (.not. c_associated(left%handle, right%handle)) call left%free()
  end subroutine

  pure function extent(self)
    class(state_handle), intent(in) :: self
    integer(c_int64_t) :: extent(3)
    extent = self%voxels
  end function

  ! ---- making

  ! An emptied state, and options with its callbacks.
  subroutine prepare(self, options, status, message, progress, log, stream)
    class(state_handle), intent(inout) :: self
    type(c_grainspin_state_options), intent(out) :: options
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    type(c_ptr), intent(in), optional :: stream
    call self%free()
    call tell(c_grainspin_state_options_init(options, c_sizeof(options)), status, message)
    if (status /= grainspin_ok) return
    allocate (self%listens)
    call listen(self%listens, options, progress, log)
    if (present(stream)) options%stream = stream
  end subroutine

  ! A grid at step 0; extent: voxels along x, y, z. mask: .false. where a voxel is left out; phase: the model's phase of
  ! each voxel, from 0; boundary, spacing, padding, stream, estimate_error: the struct grainspin_state_options in grainspin.h.
  subroutine create_array(self, model, orientation, extent, status, message, representation, direction, boundary, &
                          spacing, padding, mask, phase, progress, log, stream, estimate_error)
    class(state_handle), intent(inout) :: self
    type(grainspin_model), intent(in) :: model
    type(grainspin_array), intent(in), target :: orientation
    integer(c_int64_t), intent(in) :: extent(3)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer, intent(in), optional :: representation, direction, boundary(3), padding
    real(c_double), intent(in), optional :: spacing(3)
    logical, intent(in), optional :: mask(:,:,:)
    integer(c_int32_t), intent(in), optional :: phase(:,:,:)
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    type(c_ptr), intent(in), optional :: stream
    logical, intent(in), optional :: estimate_error
    type(c_grainspin_state_options) :: options
    type(grainspin_array), target :: mask_array, phase_array
    integer(c_int8_t), allocatable :: bytes(:,:,:)
    character(:), allocatable :: wrong
    call prepare(self, options, status, message, progress, log, stream)
    if (status /= grainspin_ok) return
    options%extent = extent
    options%orientation = c_loc(orientation)
    options%convention = convention(representation, direction)
    if (present(boundary)) options%boundary = int(boundary, c_int32_t)
    if (present(spacing)) options%spacing = spacing
    if (present(padding)) options%padding = int(padding, c_int32_t)
    if (present(estimate_error)) options%estimate_error = merge(1_c_int32_t, 0_c_int32_t, estimate_error)
    if (present(mask)) then
      bytes = merge(1_c_int8_t, 0_c_int8_t, mask)
      call view_cells(bytes, extent, mask_array, wrong)
      if (refused("mask", wrong, status, message)) return
      options%mask = c_loc(mask_array)
    end if
    if (present(phase)) then
      call view_cells(phase, extent, phase_array, wrong)
      if (refused("phase", wrong, status, message)) return
      options%phase = c_loc(phase_array)
    end if
    call tell(c_grainspin_state_create(model_handle(model), options, self%handle), status, message)
    if (status == grainspin_ok) self%voxels = extent
  end subroutine

  type(grainspin_convention) function convention(representation, direction)
    integer, intent(in), optional :: representation, direction
    convention = grainspin_convention()
    if (present(representation)) convention%representation = int(representation, c_int32_t)
    if (present(direction)) convention%direction = int(direction, c_int32_t)
  end function

  ! What the module itself refuses.
  logical function refused(what, wrong, status, message)
    character(*), intent(in) :: what, wrong
    integer, intent(inout) :: status
    character(:), allocatable, intent(inout) :: message
    refused = len(wrong) > 0
    if (.not. refused) return
    status = grainspin_error_shape
    message = what // ": " // wrong
  end function

  subroutine restore(self, model, path, status, message, progress, log, stream)
    class(state_handle), intent(inout) :: self
    type(grainspin_model), intent(in) :: model
    character(*), intent(in) :: path
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    type(c_ptr), intent(in), optional :: stream
    type(c_grainspin_state_options) :: options
    call prepare(self, options, status, message, progress, log, stream)
    if (status /= grainspin_ok) return
    call tell(c_grainspin_state_restore(model_handle(model), zero_ended(path), options, self%handle), status, message)
    if (status == grainspin_ok) call take_extent(self, status, message)
  end subroutine

  subroutine restore_memory(self, model, buffer, status, message, progress, log, stream)
    class(state_handle), intent(inout) :: self
    type(grainspin_model), intent(in) :: model
    integer(c_int8_t), intent(in), contiguous, target :: buffer(:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    type(c_ptr), intent(in), optional :: stream
    type(c_grainspin_state_options) :: options
    type(c_ptr) :: at
    call prepare(self, options, status, message, progress, log, stream)
    if (status /= grainspin_ok) return
    at = c_null_ptr
    if (size(buffer) > 0) at = c_loc(buffer)
    call tell(c_grainspin_state_restore_memory(model_handle(model), at, size(buffer, kind=c_int64_t), options, &
              self%handle), status, message)
    if (status == grainspin_ok) call take_extent(self, status, message)
  end subroutine

  subroutine take_extent(self, status, message)
    class(state_handle), intent(inout) :: self
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    type(grainspin_state_info) :: info
    call self%query(info, status, message)
    self%voxels = info%extent
  end subroutine

  subroutine save_file(self, path, status, message)
    class(state_handle), intent(in) :: self
    character(*), intent(in) :: path
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_state_save(self%handle, zero_ended(path)), status, message)
  end subroutine

  subroutine save_memory(self, buffer, status, message)
    class(state_handle), intent(in) :: self
    integer(c_int8_t), intent(out), allocatable, target :: buffer(:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer(c_int64_t) :: bytes, written
    bytes = 0
    call tell(c_grainspin_state_save_memory(self%handle, c_null_ptr, 0_c_int64_t, bytes), status, message)
    if (status /= grainspin_ok) return
    allocate (buffer(bytes))
    call tell(c_grainspin_state_save_memory(self%handle, c_loc(buffer), bytes, written), status, message)
  end subroutine

  ! ---- steps

  subroutine query(self, info, status, message)
    class(state_handle), intent(in) :: self
    type(grainspin_state_info), intent(out) :: info
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    info%size = c_sizeof(info)
    call tell(c_grainspin_state_query(self%handle, info), status, message)
  end subroutine

  ! The next steps: as many as loads has, else `steps`, else one of the model's own load. found(i): of step i.
  subroutine advance(self, status, message, steps, loads, found, verdict)
    class(state_handle), intent(inout) :: self
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer, intent(in), optional :: steps
    type(grainspin_load), intent(in), optional :: loads(:)
    type(grainspin_load), intent(inout), optional :: found(:)
    type(grainspin_verdict), intent(out), optional :: verdict
    type(c_grainspin_load), allocatable, target :: given(:), answer(:)
    type(c_grainspin_verdict) :: c
    type(c_ptr) :: at_loads, at_found
    integer(c_int64_t) :: n, i
    n = 1
    if (present(loads)) n = size(loads)
    if (present(steps)) n = steps
    at_loads = c_null_ptr
    at_found = c_null_ptr
    if (present(loads)) then
      status = grainspin_ok
      if (n /= size(loads)) then
        if (refused("loads", "one for each of the steps is wanted", status, message)) return
      end if
      allocate (given(max(n, 1_c_int64_t)))
      do i = 1, n
        given(i) = to_c(loads(i)%gradient, loads(i)%prescribed)
      end do
      at_loads = c_loc(given)
    end if
    if (present(found)) then
      allocate (answer(max(n, 1_c_int64_t)))
      at_found = c_loc(answer)
    end if
    c%size = c_sizeof(c)
    call tell(c_grainspin_advance(self%handle, n, at_loads, at_found, c), status, message)
    if (present(found)) then
      do i = 1, min(c%steps, size(found, kind=c_int64_t))
        call from_c(answer(i), found(i)%gradient, found(i)%prescribed)
      end do
    end if
    if (present(verdict)) then
      verdict%verdict = int(c%verdict)
      verdict%stated = c%stated /= 0
      verdict%steps = c%steps
      verdict%voxels_doubtful = c%voxels_doubtful
      verdict%voxels_outside = c%voxels_outside
      verdict%reason = grainspin_text(c%reason)
    end if
  end subroutine

  subroutine accept(self, status, message)
    class(state_handle), intent(inout) :: self
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_accept(self%handle), status, message)
  end subroutine

  subroutine revert(self, status, message)
    class(state_handle), intent(inout) :: self
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_revert(self%handle), status, message)
  end subroutine

  ! ---- arrays

  subroutine set_array(self, array, status, message, representation, direction)
    class(state_handle), intent(inout) :: self
    type(grainspin_array), intent(in) :: array
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer, intent(in), optional :: representation, direction
    call tell(c_grainspin_set_orientations(self%handle, array, convention(representation, direction)), status, message)
  end subroutine

  subroutine orientations_array(self, array, status, message, representation, direction)
    class(state_handle), intent(in) :: self
    type(grainspin_array), intent(in) :: array
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer, intent(in), optional :: representation, direction
    call tell(c_grainspin_get_orientations(self%handle, array, convention(representation, direction)), status, message)
  end subroutine

  subroutine increments_array(self, array, status, message)
    class(state_handle), intent(in) :: self
    type(grainspin_array), intent(in) :: array
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_get_increments(self%handle, array), status, message)
  end subroutine

  subroutine stress_array(self, array, status, message)
    class(state_handle), intent(in) :: self
    type(grainspin_array), intent(in) :: array
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_get_stress(self%handle, array), status, message)
  end subroutine

  subroutine variance_array(self, array, status, message)
    class(state_handle), intent(in) :: self
    type(grainspin_array), intent(in) :: array
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_get_log_variance(self%handle, array), status, message)
  end subroutine

  subroutine error_array(self, array, status, message)
    class(state_handle), intent(in) :: self
    type(grainspin_array), intent(in) :: array
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    call tell(c_grainspin_get_estimated_error(self%handle, array), status, message)
  end subroutine

  subroutine estimated_error(self, estimate, status, message)
    class(state_handle), intent(in) :: self
    type(grainspin_error_estimate), intent(out) :: estimate
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    estimate%size = c_sizeof(estimate)
    call tell(c_grainspin_state_error(self%handle, estimate), status, message)
  end subroutine

  subroutine get_verdicts(self, verdicts, status, message)
    class(state_handle), intent(in) :: self
    integer(c_int8_t), intent(inout), target :: verdicts(:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view_cells(verdicts, self%voxels, array, wrong)
    if (.not. refused("verdicts", wrong, status, message)) &
      call tell(c_grainspin_get_verdicts(self%handle, array), status, message)
  end subroutine
end module
