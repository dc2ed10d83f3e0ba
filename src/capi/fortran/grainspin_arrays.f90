! Fortran arrays as the C interface takes them, without a copy: (c,x,y,z), or (x,y,z,c) with components_last; sections and
! padded arrays by their strides, which must be positive. Used by module grainspin.
module grainspin_arrays
  use, intrinsic :: iso_c_binding
  use grainspin_c
  implicit none
  private
  public :: view, view_cells, to_c, from_c

  ! view(a, components, extent, components_last, array, message): `array` describes a; message is "" where its shape is
  ! that of `components` on a grid of extent(3), else it says what was wanted and found.
  interface view
    module procedure view_float, view_double
  end interface
  ! view_cells(a, extent, array, message): one number a voxel.
  interface view_cells
    module procedure view_int32, view_int8, view_numbers_float, view_numbers_double
  end interface

contains

  subroutine view_float(a, components, extent, components_last, array, message)
    real(c_float), target :: a(:,:,:,:)
    integer(c_int64_t), intent(in) :: extent(3)
    integer, intent(in) :: components
    logical, intent(in) :: components_last
    type(grainspin_array), intent(out) :: array
    character(:), allocatable, intent(out) :: message
    array%type = grainspin_float
    call check_shape(shape(a, c_int64_t), components, extent, components_last, message)
    if (len(message) > 0) return
    call describe([c_loc(a(1,1,1,1)), c_loc(a(min(2,size(a,1)),1,1,1)), c_loc(a(1,min(2,size(a,2)),1,1)), &
                   c_loc(a(1,1,min(2,size(a,3)),1)), c_loc(a(1,1,1,min(2,size(a,4))))], &
                  shape(a, c_int64_t), is_contiguous(a), 4, components_last, array, message)
  end subroutine

  subroutine view_double(a, components, extent, components_last, array, message)
    real(c_double), target :: a(:,:,:,:)
    integer(c_int64_t), intent(in) :: extent(3)
    integer, intent(in) :: components
    logical, intent(in) :: components_last
    type(grainspin_array), intent(out) :: array
    character(:), allocatable, intent(out) :: message
    array%type = grainspin_double
    call check_shape(shape(a, c_int64_t), components, extent, components_last, message)
    if (len(message) > 0) return
    call describe([c_loc(a(1,1,1,1)), c_loc(a(min(2,size(a,1)),1,1,1)), c_loc(a(1,min(2,size(a,2)),1,1)), &
                   c_loc(a(1,1,min(2,size(a,3)),1)), c_loc(a(1,1,1,min(2,size(a,4))))], &
                  shape(a, c_int64_t), is_contiguous(a), 8, components_last, array, message)
  end subroutine

  subroutine view_int32(a, extent, array, message)
    integer(c_int32_t), target :: a(:,:,:)
    integer(c_int64_t), intent(in) :: extent(3)
    type(grainspin_array), intent(out) :: array
    character(:), allocatable, intent(out) :: message
    array%type = grainspin_int32
    call check_shape([1_c_int64_t, shape(a, c_int64_t)], 1, extent, .false., message)
    if (len(message) > 0) return
    call describe([c_loc(a(1,1,1)), c_loc(a(1,1,1)), c_loc(a(min(2,size(a,1)),1,1)), c_loc(a(1,min(2,size(a,2)),1)), &
                   c_loc(a(1,1,min(2,size(a,3))))], &
                  [1_c_int64_t, shape(a, c_int64_t)], is_contiguous(a), 4, .false., array, message)
  end subroutine

  subroutine view_int8(a, extent, array, message)
    integer(c_int8_t), target :: a(:,:,:)
    integer(c_int64_t), intent(in) :: extent(3)
    type(grainspin_array), intent(out) :: array
    character(:), allocatable, intent(out) :: message
    array%type = grainspin_uint8
    call check_shape([1_c_int64_t, shape(a, c_int64_t)], 1, extent, .false., message)
    if (len(message) > 0) return
    call describe([c_loc(a(1,1,1)), c_loc(a(1,1,1)), c_loc(a(min(2,size(a,1)),1,1)), c_loc(a(1,min(2,size(a,2)),1)), &
                   c_loc(a(1,1,min(2,size(a,3))))], &
                  [1_c_int64_t, shape(a, c_int64_t)], is_contiguous(a), 1, .false., array, message)
  end subroutine

  subroutine view_numbers_float(a, extent, array, message)
    real(c_float), target :: a(:,:,:)
    integer(c_int64_t), intent(in) :: extent(3)
    type(grainspin_array), intent(out) :: array
    character(:), allocatable, intent(out) :: message
    array%type = grainspin_float
    call check_shape([1_c_int64_t, shape(a, c_int64_t)], 1, extent, .false., message)
    if (len(message) > 0) return
    call describe([c_loc(a(1,1,1)), c_loc(a(1,1,1)), c_loc(a(min(2,size(a,1)),1,1)), c_loc(a(1,min(2,size(a,2)),1)), &
                   c_loc(a(1,1,min(2,size(a,3))))], &
                  [1_c_int64_t, shape(a, c_int64_t)], is_contiguous(a), 4, .false., array, message)
  end subroutine

  subroutine view_numbers_double(a, extent, array, message)
    real(c_double), target :: a(:,:,:)
    integer(c_int64_t), intent(in) :: extent(3)
    type(grainspin_array), intent(out) :: array
    character(:), allocatable, intent(out) :: message
    array%type = grainspin_double
    call check_shape([1_c_int64_t, shape(a, c_int64_t)], 1, extent, .false., message)
    if (len(message) > 0) return
    call describe([c_loc(a(1,1,1)), c_loc(a(1,1,1)), c_loc(a(min(2,size(a,1)),1,1)), c_loc(a(1,min(2,size(a,2)),1)), &
                   c_loc(a(1,1,min(2,size(a,3))))], &
                  [1_c_int64_t, shape(a, c_int64_t)], is_contiguous(a), 8, .false., array, message)
  end subroutine

  subroutine check_shape(found, components, extent, components_last, message)
    integer(c_int64_t), intent(in) :: found(4), extent(3)
    integer, intent(in) :: components
    logical, intent(in) :: components_last
    character(:), allocatable, intent(out) :: message
    integer(c_int64_t) :: wanted(4)
    character(200) :: text
    wanted = [int(components, c_int64_t), extent]
    if (components_last) wanted = cshift(wanted, 1)
    message = ""
    if (all(found == wanted) .and. all(found > 0)) return
    write (text, '("an array of shape (",3(i0,","),i0,") was given, (",3(i0,","),i0,") is wanted: ",a)') found, wanted, &
      merge("(x,y,z,component)", "(component,x,y,z)", components_last)
    message = trim(text)
  end subroutine

  ! at: addresses of the first element and of its neighbours along the four dimensions.
  subroutine describe(at, extents, contiguous, bytes, components_last, array, message)
    type(c_ptr), intent(in) :: at(5)
    integer(c_int64_t), intent(in) :: extents(4)
    logical, intent(in) :: contiguous, components_last
    integer, intent(in) :: bytes
    type(grainspin_array), intent(inout) :: array
    character(:), allocatable, intent(out) :: message
    integer(c_int64_t) :: step(4)
    integer :: i
    message = ""
    array%data = at(1)
    if (contiguous) then
      array%count = product(extents)
      array%layout = merge(grainspin_layout_component, grainspin_layout_voxel, components_last)
      return
    end if
    do i = 1, 4
      step(i) = transfer(at(i + 1), 0_c_intptr_t) - transfer(at(1), 0_c_intptr_t)
      if (extents(i) == 1) step(i) = bytes * product(extents(:i - 1))  ! nothing is there to step to
      if (step(i) <= 0) message = "an array section with a negative stride was given: it cannot be seen without a copy"
      if (modulo(step(i), int(bytes, c_int64_t)) /= 0) &
        message = "an array section was given whose elements do not lie a whole number of elements apart"
    end do
    step = step / bytes
    array%count = 1 + sum((extents - 1) * step)
    array%layout = grainspin_layout_strides
    array%stride = step
    if (.not. components_last) array%stride = cshift(step, 1)  ! (c,x,y,z) to x, y, z, c
  end subroutine

  ! Loads: C is row-major, Fortran column-major.
  pure function to_c(gradient, prescribed) result(load)
    real(c_double), intent(in) :: gradient(3,3)
    logical, intent(in) :: prescribed(3,3)
    type(c_grainspin_load) :: load
    load%L = reshape(transpose(gradient), [9])
    load%prescribed = reshape(transpose(merge(1_c_int8_t, 0_c_int8_t, prescribed)), [9])
  end function

  pure subroutine from_c(load, gradient, prescribed)
    type(c_grainspin_load), intent(in) :: load
    real(c_double), intent(out) :: gradient(3,3)
    logical, intent(out) :: prescribed(3,3)
    gradient = transpose(reshape(load%L, [3, 3]))
    prescribed = transpose(reshape(load%prescribed /= 0_c_int8_t, [3, 3]))
  end subroutine
end module
