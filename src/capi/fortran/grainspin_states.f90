! type(grainspin_state) of module grainspin (grainspin.f90): a state with its fields as real arrays.
module grainspin_states
  use, intrinsic :: iso_c_binding
  use grainspin_c
  use grainspin_arrays
  use grainspin_models
  use grainspin_callbacks
  use grainspin_steps
  implicit none
  private

  type, extends(state_handle), public :: grainspin_state
  contains
    procedure, private :: create_float, create_double, set_float, set_double, orientations_float, orientations_double, &
      increments_float, increments_double, stress_float, stress_double, variance_float, variance_double, &
      error_float, error_double
    ! (model, orientation, status, message [, components_last, representation, direction, boundary, spacing, padding,
    ! mask, phase, progress, log, estimate_error]); the extent is that of the array
    generic :: create => create_float, create_double
    ! (array, status, message [, components_last, representation, direction])
    generic :: set_orientations => set_float, set_double
    generic :: get_orientations => orientations_float, orientations_double
    ! (array, status, message [, components_last]); 3, 6, 3 components
    generic :: get_increments => increments_float, increments_double
    generic :: get_stress => stress_float, stress_double
    generic :: get_log_variance => variance_float, variance_double
    ! (real array(x,y,z), status, message)
    generic :: get_estimated_error => error_float, error_double
  end type

contains

  logical function last(components_last)
    logical, intent(in), optional :: components_last
    last = .false.
    if (present(components_last)) last = components_last
  end function

  integer function components(representation)
    integer, intent(in), optional :: representation
    components = 4
    if (present(representation)) components = int(grainspin_components(int(representation, c_int32_t)))
  end function

  subroutine create_float(self, model, orientation, status, message, components_last, representation, direction, &
      boundary, spacing, padding, mask, phase, progress, log, estimate_error)
    class(grainspin_state), intent(inout) :: self
    type(grainspin_model), intent(in) :: model
    real(c_float), intent(in), target :: orientation(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last, mask(:,:,:), estimate_error
    integer, intent(in), optional :: representation, direction, boundary(3), padding
    real(c_double), intent(in), optional :: spacing(3)
    integer(c_int32_t), intent(in), optional :: phase(:,:,:)
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    integer(c_int64_t) :: shape4(4)
    call self%free()
    shape4 = shape(orientation, c_int64_t)
    if (last(components_last)) shape4 = cshift(shape4, -1)
    call view(orientation, components(representation), shape4(2:), last(components_last), array, wrong)
    if (refused("orientation", wrong, status, message)) return
    call self%create(model, array, shape4(2:), status, message, representation, direction, boundary, spacing, padding, &
                     mask, phase, progress, log, estimate_error=estimate_error)
  end subroutine

  subroutine create_double(self, model, orientation, status, message, components_last, representation, direction, &
      boundary, spacing, padding, mask, phase, progress, log, estimate_error)
    class(grainspin_state), intent(inout) :: self
    type(grainspin_model), intent(in) :: model
    real(c_double), intent(in), target :: orientation(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last, mask(:,:,:), estimate_error
    integer, intent(in), optional :: representation, direction, boundary(3), padding
    real(c_double), intent(in), optional :: spacing(3)
    integer(c_int32_t), intent(in), optional :: phase(:,:,:)
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    integer(c_int64_t) :: shape4(4)
    call self%free()
    shape4 = shape(orientation, c_int64_t)
    if (last(components_last)) shape4 = cshift(shape4, -1)
    call view(orientation, components(representation), shape4(2:), last(components_last), array, wrong)
    if (refused("orientation", wrong, status, message)) return
    call self%create(model, array, shape4(2:), status, message, representation, direction, boundary, spacing, padding, &
                     mask, phase, progress, log, estimate_error=estimate_error)
  end subroutine

  subroutine set_float(self, a, status, message, components_last, representation, direction)
    class(grainspin_state), intent(inout) :: self
    real(c_float), intent(in), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    integer, intent(in), optional :: representation, direction
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, components(representation), self%extent(), last(components_last), array, wrong)
    if (.not. refused("orientation", wrong, status, message)) &
      call self%set_orientations(array, status, message, representation, direction)
  end subroutine

  subroutine set_double(self, a, status, message, components_last, representation, direction)
    class(grainspin_state), intent(inout) :: self
    real(c_double), intent(in), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    integer, intent(in), optional :: representation, direction
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, components(representation), self%extent(), last(components_last), array, wrong)
    if (.not. refused("orientation", wrong, status, message)) &
      call self%set_orientations(array, status, message, representation, direction)
  end subroutine

  subroutine orientations_float(self, a, status, message, components_last, representation, direction)
    class(grainspin_state), intent(in) :: self
    real(c_float), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    integer, intent(in), optional :: representation, direction
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, components(representation), self%extent(), last(components_last), array, wrong)
    if (.not. refused("orientation", wrong, status, message)) &
      call self%get_orientations(array, status, message, representation, direction)
  end subroutine

  subroutine orientations_double(self, a, status, message, components_last, representation, direction)
    class(grainspin_state), intent(in) :: self
    real(c_double), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    integer, intent(in), optional :: representation, direction
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, components(representation), self%extent(), last(components_last), array, wrong)
    if (.not. refused("orientation", wrong, status, message)) &
      call self%get_orientations(array, status, message, representation, direction)
  end subroutine

  subroutine increments_float(self, a, status, message, components_last)
    class(grainspin_state), intent(in) :: self
    real(c_float), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, 3, self%extent(), last(components_last), array, wrong)
    if (.not. refused("increments", wrong, status, message)) call self%get_increments(array, status, message)
  end subroutine

  subroutine increments_double(self, a, status, message, components_last)
    class(grainspin_state), intent(in) :: self
    real(c_double), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, 3, self%extent(), last(components_last), array, wrong)
    if (.not. refused("increments", wrong, status, message)) call self%get_increments(array, status, message)
  end subroutine

  subroutine stress_float(self, a, status, message, components_last)
    class(grainspin_state), intent(in) :: self
    real(c_float), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, 6, self%extent(), last(components_last), array, wrong)
    if (.not. refused("stress", wrong, status, message)) call self%get_stress(array, status, message)
  end subroutine

  subroutine stress_double(self, a, status, message, components_last)
    class(grainspin_state), intent(in) :: self
    real(c_double), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, 6, self%extent(), last(components_last), array, wrong)
    if (.not. refused("stress", wrong, status, message)) call self%get_stress(array, status, message)
  end subroutine

  subroutine variance_float(self, a, status, message, components_last)
    class(grainspin_state), intent(in) :: self
    real(c_float), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, 3, self%extent(), last(components_last), array, wrong)
    if (.not. refused("log variance", wrong, status, message)) call self%get_log_variance(array, status, message)
  end subroutine

  subroutine variance_double(self, a, status, message, components_last)
    class(grainspin_state), intent(in) :: self
    real(c_double), intent(inout), target :: a(:,:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    logical, intent(in), optional :: components_last
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view(a, 3, self%extent(), last(components_last), array, wrong)
    if (.not. refused("log variance", wrong, status, message)) call self%get_log_variance(array, status, message)
  end subroutine

  subroutine error_float(self, a, status, message)
    class(grainspin_state), intent(in) :: self
    real(c_float), intent(inout), target :: a(:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view_cells(a, self%extent(), array, wrong)
    if (.not. refused("estimated error", wrong, status, message)) call self%get_estimated_error(array, status, message)
  end subroutine

  subroutine error_double(self, a, status, message)
    class(grainspin_state), intent(in) :: self
    real(c_double), intent(inout), target :: a(:,:,:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    type(grainspin_array) :: array
    character(:), allocatable :: wrong
    call view_cells(a, self%extent(), array, wrong)
    if (.not. refused("estimated error", wrong, status, message)) call self%get_estimated_error(array, status, message)
  end subroutine
end module
