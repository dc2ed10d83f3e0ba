! grainspin for Fortran 2018: carry the crystal orientations of a voxel grid through strain steps with a trained model.
!
!   use grainspin
!   type(grainspin_model) :: model
!   type(grainspin_state) :: state
!   call model%load("cu_uniaxial.safetensors", status, message)
!   call state%create(model, q, status, message)           ! real(real32 or real64) q(4,nx,ny,nz)
!   call state%advance(status, message, verdict=verdict)   ! one step of the model's own load
!   call state%get_orientations(q, status, message)
!
! Every call sets status: 0 or one of grainspin_error_...; message is its text ("" where all is well).
! Nothing is printed and nothing ends the program. Conventions, units, thread rules and what each call refuses are those
! of the C interface (grainspin.h); docs/fortran.md shows more.
!
! Arrays are (component,x,y,z), or (x,y,z,component) with components_last=.true.; single or double precision; sections and
! padded arrays are read and written in place. Anything else (device memory) by a grainspin_array of your own.
! Loads are (3,3) as written on paper: gradient(i,j) = dv_i/dx_j * time.
!
! Handles are freed when they go out of scope. They are not copied: what is assigned from one is empty.
module grainspin
  use grainspin_c, only: grainspin_ok, grainspin_error_argument, grainspin_error_shape, grainspin_error_io, &
    grainspin_error_format, grainspin_error_device, grainspin_error_memory, grainspin_error_convergence, &
    grainspin_error_internal, grainspin_interrupted, grainspin_last_error, grainspin_status_name, grainspin_api_version, &
    grainspin_version, grainspin_conventions, grainspin_components, grainspin_host, grainspin_cuda, grainspin_auto, &
    grainspin_strict, grainspin_fast, grainspin_header_version, &
    grainspin_local, grainspin_nonlocal, grainspin_initial, grainspin_own, grainspin_neighbours, grainspin_everything, &
    grainspin_periodic, grainspin_clamped, grainspin_fine, grainspin_doubtful, grainspin_outside, grainspin_log_note, &
    grainspin_log_warning, grainspin_quaternion_wxyz, grainspin_quaternion_xyzw, grainspin_bunge_radians, &
    grainspin_bunge_degrees, grainspin_matrix, grainspin_rodrigues, grainspin_axis_angle, grainspin_crystal_to_sample, &
    grainspin_sample_to_crystal, grainspin_array, grainspin_convention, grainspin_float, grainspin_double, &
    grainspin_int32, grainspin_uint8, grainspin_layout_voxel, grainspin_layout_component, grainspin_layout_strides, &
    grainspin_memory, grainspin_state_info, grainspin_error_estimate
  use grainspin_models, only: grainspin_model, grainspin_model_info, grainspin_phase, grainspin_load, grainspin_log
  use grainspin_callbacks, only: grainspin_progress
  use grainspin_steps, only: grainspin_verdict
  use grainspin_states, only: grainspin_state
  implicit none
  public
end module
