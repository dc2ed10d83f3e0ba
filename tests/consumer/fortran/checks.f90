! What the consumer compares and listens with.
module checks
  use, intrinsic :: iso_fortran_env
  use grainspin
  implicit none
  integer :: failed = 0, notes = 0, progressed = 0, stop_after = 0
contains

  subroutine check(what, good, message)
    character(*), intent(in) :: what
    logical, intent(in) :: good
    character(*), intent(in), optional :: message
    if (good) return
    failed = failed + 1
    if (present(message)) then
      write (error_unit, '(a)') "WRONG: " // what // ": " // message
    else
      write (error_unit, '(a)') "WRONG: " // what
    end if
  end subroutine

  ! A call that must have worked.
  subroutine must(what, status, message)
    character(*), intent(in) :: what, message
    integer, intent(in) :: status
    call check(what, status == grainspin_ok .and. len(message) == 0, grainspin_status_name(status) // ": " // message)
  end subroutine

  ! A call that must have been refused with this status, in words that hold this one.
  subroutine refused(what, status, message, wanted, word)
    character(*), intent(in) :: what, message, word
    integer, intent(in) :: status, wanted
    call check(what, status == wanted .and. index(message, word) > 0, grainspin_status_name(status) // ": " // message)
  end subroutine

  ! The first `components` numbers of every voxel in a file of float32, x fastest.
  subroutine read_field(path, a)
    character(*), intent(in) :: path
    real(real32), intent(out) :: a(:,:,:,:)
    integer :: unit, status
    open (newunit=unit, file=path, access="stream", form="unformatted", status="old", action="read", iostat=status)
    call check("open " // path, status == 0)
    if (status /= 0) error stop 1
    read (unit, iostat=status) a
    call check("read " // path, status == 0)
    close (unit)
  end subroutine

  logical function progress(fraction, what)
    real(real64), intent(in) :: fraction
    character(*), intent(in) :: what
    progressed = progressed + 1
    call check("progress", fraction > 0 .and. fraction <= 1 .and. len(what) >= 0)
    progress = progressed /= stop_after
  end function

  subroutine log(level, text)
    integer, intent(in) :: level
    character(*), intent(in) :: text
    notes = notes + 1
    call check("log", level >= grainspin_log_note .and. level <= grainspin_log_warning .and. len(text) > 0)
  end subroutine
end module
