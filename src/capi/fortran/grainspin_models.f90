! Loads and models of module grainspin (grainspin.f90).
module grainspin_models
  use, intrinsic :: iso_c_binding
  use grainspin_c
  use grainspin_arrays
  implicit none
  private
  public :: model_handle, tell, zero_ended

  type, public :: grainspin_load  ! of a step
    real(c_double) :: gradient(3,3) = 0  ! (i,j): velocity gradient dv_i/dx_j times time
    logical :: prescribed(3,3) = .true.  ! .false.: left free by the boundary condition, and not read
  end type

  type, public :: grainspin_phase
    character(:), allocatable :: name, point_group, slip_families
    real(c_double) :: c_over_a = 0
  end type

  type, public :: grainspin_model_info  ! the struct of this name in grainspin.h
    integer :: family = 0, feedback = 0, device = 0, radius = 0, phases = 0, members = 1
    logical :: takes_load = .false., takes_orientations = .false., gives_stress = .false., gives_log_variance = .false., &
      states_domain = .false., estimates_error = .false.
    integer(c_int64_t) :: own_steps = 0
    character(:), allocatable :: description, point_group, settings, domain, provenance, scores
  end type

  abstract interface
    ! What a person may want to know; level: grainspin_log_note, grainspin_log_warning.
    subroutine grainspin_log(level, text)
      integer, intent(in) :: level
      character(*), intent(in) :: text
    end subroutine
  end interface
  public :: grainspin_log

  type :: listener
    procedure(grainspin_log), pointer, nopass :: log => null()
  end type

  type, public :: grainspin_model
    private
    type(c_ptr) :: handle = c_null_ptr
    type(listener), pointer :: listens => null()
  contains
    procedure :: load => model_load  ! (path, status, message [, device, gpu, threads, precision, log, members])
    procedure :: free => model_free
    procedure :: query               ! (info, status, message)
    procedure :: phase               ! (index from 0, phase, status, message)
    procedure :: loads               ! (loads, status, message [, text]): its own, or those of a text (docs/loads.md)
    procedure :: estimate_memory     ! (extent, memory, status, message [, boundary, padding, masked, phases, estimate_error])
    procedure, private :: assign_nothing
    generic :: assignment(=) => assign_nothing
    final :: finish
  end type

contains

  ! The status of a call, and its text.
  subroutine tell(code, status, message)
    integer(c_int), intent(in) :: code
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    status = int(code)
    message = ""
    if (code /= grainspin_ok) message = grainspin_last_error()
  end subroutine

  ! A text for C; blanks at its end are padding.
  pure function zero_ended(text) result(letters)
    character(*), intent(in) :: text
    character(kind=c_char) :: letters(len_trim(text) + 1)
    integer :: i
    do i = 1, len_trim(text)
      letters(i) = text(i:i)
    end do
    letters(len_trim(text) + 1) = c_null_char
  end function

  type(c_ptr) function model_handle(model)
    type(grainspin_model), intent(in) :: model
    model_handle = model%handle
  end function

  ! Reads a model file. device: grainspin_auto (default), _host, _cuda; threads 0: as many as the machine has;
  ! precision: grainspin_strict (default), _fast; members, of an ensemble: 0 (default) all, 1 the first alone. log is heard while a call on this model runs. What the
  ! handle held before is freed, also where loading fails.
  subroutine model_load(self, path, status, message, device, gpu, threads, precision, log, members)
    class(grainspin_model), intent(inout) :: self
    character(*), intent(in) :: path
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer, intent(in), optional :: device, gpu, threads, precision, members
    procedure(grainspin_log), optional :: log
    type(c_grainspin_model_options) :: options
    call self%free()
    call tell(c_grainspin_model_options_init(options, c_sizeof(options)), status, message)
    if (status /= grainspin_ok) return
    if (present(device)) options%device = int(device, c_int32_t)
    if (present(gpu)) options%gpu = int(gpu, c_int32_t)
    if (present(threads)) options%threads = int(threads, c_int32_t)
    if (present(precision)) options%precision = int(precision, c_int32_t)
    if (present(members)) options%members = int(members, c_int32_t)
    if (present(log)) then
      allocate (self%listens)
      self%listens%log => log
      options%log = c_funloc(hear)
      options%user = c_loc(self%listens)
    end if
    call tell(c_grainspin_model_load(zero_ended(path), options, self%handle), status, message)
    if (status /= grainspin_ok) call self%free()
  end subroutine

  subroutine hear(user, level, text) bind(c)
    type(c_ptr), value :: user
    integer(c_int32_t), value :: level
    type(c_ptr), value :: text
    type(listener), pointer :: listens
    call c_f_pointer(user, listens)
    call listens%log(int(level), grainspin_text(text))
  end subroutine

  ! States keep what they need of their model.
  subroutine model_free(self)
    class(grainspin_model), intent(inout) :: self
    call c_grainspin_model_free(self%handle)
    self%handle = c_null_ptr
    if (associated(self%listens)) deallocate (self%listens)
  end subroutine

  subroutine finish(self)
    type(grainspin_model), intent(inout) :: self
    call self%free()
  end subroutine

  subroutine assign_nothing(left, right)
    class(grainspin_model), intent(inout) :: left
    class(grainspin_model), intent(in) :: right
    if (c_associated(left%handle, right%handle)) return
    call left%free()
  end subroutine

  subroutine query(self, info, status, message)
    class(grainspin_model), intent(in) :: self
    type(grainspin_model_info), intent(out) :: info
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    type(c_grainspin_model_info) :: c
    c%size = c_sizeof(c)
    call tell(c_grainspin_model_query(self%handle, c), status, message)
    if (status /= grainspin_ok) return
    info%family = int(c%family)
    info%feedback = int(c%feedback)
    info%device = int(c%device)
    info%radius = int(c%radius)
    info%phases = int(c%phases)
    info%takes_load = c%takes_load /= 0
    info%takes_orientations = c%takes_orientations /= 0
    info%gives_stress = c%gives_stress /= 0
    info%gives_log_variance = c%gives_log_variance /= 0
    info%states_domain = c%states_domain /= 0
    info%own_steps = c%own_steps
    info%description = grainspin_text(c%description)
    info%point_group = grainspin_text(c%point_group)
    info%settings = grainspin_text(c%settings)
    info%domain = grainspin_text(c%domain)
    info%provenance = grainspin_text(c%provenance)
    info%scores = grainspin_text(c%scores)
    info%members = int(c%members)
    info%estimates_error = c%estimates_error /= 0
  end subroutine

  subroutine phase(self, index, info, status, message)
    class(grainspin_model), intent(in) :: self
    integer, intent(in) :: index  ! from 0, as in arrays of phases
    type(grainspin_phase), intent(out) :: info
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    type(c_grainspin_phase_info) :: c
    c%size = c_sizeof(c)
    call tell(c_grainspin_model_phase(self%handle, int(index, c_int32_t), c), status, message)
    if (status /= grainspin_ok) return
    info%name = grainspin_text(c%name)
    info%point_group = grainspin_text(c%point_group)
    info%slip_families = grainspin_text(c%slip_families)
    info%c_over_a = c%c_over_a
  end subroutine

  subroutine loads(self, steps, status, message, text)
    class(grainspin_model), intent(in) :: self
    type(grainspin_load), allocatable, intent(out) :: steps(:)
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    character(*), intent(in), optional :: text
    type(c_grainspin_load), allocatable :: c(:)
    integer(c_int64_t) :: count, i
    integer :: round
    count = 0
    do round = 1, 2  ! how many, then these
      if (allocated(c)) deallocate (c)
      allocate (c(count))
      if (present(text)) then
        call tell(c_grainspin_named_loads(self%handle, zero_ended(text), size(c, kind=c_int64_t), c, count), status, message)
      else
        call tell(c_grainspin_model_loads(self%handle, size(c, kind=c_int64_t), c, count), status, message)
      end if
      if (status /= grainspin_ok) return
    end do
    allocate (steps(count))
    do i = 1, count
      call from_c(c(i), steps(i)%gradient, steps(i)%prescribed)
    end do
  end subroutine

  ! What a state would take, in bytes.
  subroutine estimate_memory(self, extent, memory, status, message, boundary, padding, masked, phases, estimate_error)
    class(grainspin_model), intent(in) :: self
    integer, intent(in) :: extent(3)
    type(grainspin_memory), intent(out) :: memory
    integer, intent(out) :: status
    character(:), allocatable, intent(out) :: message
    integer, intent(in), optional :: boundary(3), padding
    logical, intent(in), optional :: masked, phases, estimate_error
    type(c_grainspin_state_options) :: options
    type(grainspin_array), target :: there
    memory%size = c_sizeof(memory)
    call tell(c_grainspin_state_options_init(options, c_sizeof(options)), status, message)
    if (status /= grainspin_ok) return
    options%extent = extent
    if (present(boundary)) options%boundary = boundary
    if (present(padding)) options%padding = int(padding, c_int32_t)
    if (present(masked)) then
      if (masked) options%mask = c_loc(there)
    end if
    if (present(phases)) then
      if (phases) options%phase = c_loc(there)
    end if
    if (present(estimate_error)) options%estimate_error = merge(1_c_int32_t, 0_c_int32_t, estimate_error)
    call tell(c_grainspin_estimate_memory(self%handle, options, memory), status, message)
  end subroutine
end module
