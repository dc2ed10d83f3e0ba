! Callbacks of module grainspin (grainspin.f90): Fortran procedures behind the C ones that a state's options take.
module grainspin_callbacks
  use, intrinsic :: iso_c_binding
  use grainspin_c
  use grainspin_models
  implicit none
  private

  abstract interface
    ! After every step; fraction in (0, 1] of the call. .false.: stop (grainspin_interrupted).
    logical function grainspin_progress(fraction, what)
      import :: c_double
      real(c_double), intent(in) :: fraction
      character(*), intent(in) :: what
    end function
  end interface
  public :: grainspin_progress

  type, public :: listener
    procedure(grainspin_progress), pointer, nopass :: progress => null()
    procedure(grainspin_log), pointer, nopass :: log => null()
  end type
  public :: listen

contains

  integer(c_int) function hear_progress(user, fraction, what) bind(c)
    type(c_ptr), value :: user, what
    real(c_double), value :: fraction
    type(listener), pointer :: listens
    call c_f_pointer(user, listens)
    hear_progress = merge(0_c_int, 1_c_int, listens%progress(fraction, grainspin_text(what)))
  end function

  subroutine hear_log(user, level, text) bind(c)
    type(c_ptr), value :: user, text
    integer(c_int32_t), value :: level
    type(listener), pointer :: listens
    call c_f_pointer(user, listens)
    call listens%log(int(level), grainspin_text(text))
  end subroutine

  ! Puts what is present into the options; `listens` is what they point to, and stays where it is as long as they are used.
  subroutine listen(listens, options, progress, log)
    type(listener), intent(inout), target :: listens
    type(c_grainspin_state_options), intent(inout) :: options
    procedure(grainspin_progress), optional :: progress
    procedure(grainspin_log), optional :: log
    options%user = c_loc(listens)
    if (present(progress)) then
      listens%progress => progress
      options%progress = c_funloc(hear_progress)
    end if
    if (present(log)) then
      listens%log => log
      options%log = c_funloc(hear_log)
    end if
  end subroutine
end module
