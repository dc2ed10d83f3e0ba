! consumer MODEL FOLDER NX NY NZ STEPS: carries FOLDER/initial.f32 through STEPS steps and compares with what the program
! wrote (orientation.f32, stress.f32), bit for bit; in every kind and order of array; save, restore, revert, set; refusals.
program consumer
  use, intrinsic :: iso_fortran_env
  use, intrinsic :: iso_c_binding, only: c_loc, c_int64_t
  use grainspin
  use checks
  implicit none
  character(1000) :: word
  character(:), allocatable :: folder, path, message
  integer :: n(3), steps, i, status
  real(real32), allocatable, target :: initial(:,:,:,:)
  real(real32), allocatable :: wanted(:,:,:,:), wanted_stress(:,:,:,:), q(:,:,:,:), s(:,:,:,:)
  type(grainspin_model) :: model
  type(grainspin_model_info) :: info
  type(grainspin_phase) :: phase

  call get_command_argument(1, word)
  path = trim(word)
  call get_command_argument(2, word)
  folder = trim(word) // "/"
  do i = 1, 3
    call get_command_argument(2 + i, word)
    read (word, *) n(i)
  end do
  call get_command_argument(6, word)
  read (word, *) steps
  allocate (initial(4, n(1), n(2), n(3)), wanted(4, n(1), n(2), n(3)), q(4, n(1), n(2), n(3)))
  allocate (wanted_stress(6, n(1), n(2), n(3)), s(6, n(1), n(2), n(3)))
  call read_field(folder // "initial.f32", initial)
  call read_field(folder // "orientation.f32", wanted)
  call read_field(folder // "stress.f32", wanted_stress)

  call model%load("no such model.safetensors", status, message)
  call refused("a missing file", status, message, grainspin_error_io, "no such model.safetensors")
  call model%query(info, status, message)
  call check("a model that is not there", status == grainspin_error_argument .and. len(message) > 0, message)
  call model%load(path, status, message, device=grainspin_host, threads=1, log=log)
  call must("load", status, message)
  call model%query(info, status, message)
  call must("query", status, message)
  call check("info", info%family == grainspin_nonlocal .and. info%gives_stress .and. info%takes_orientations .and. &
    info%own_steps >= steps .and. info%point_group == "432" .and. info%phases == 1 .and. len(info%description) > 0 .and. &
    info%members == 1)
  call model%phase(0, phase, status, message)
  call must("phase", status, message)
  call check("phase", phase%point_group == "432")
  call check("versions", grainspin_api_version() >= 1 .and. len(grainspin_version()) > 0 .and. len(grainspin_conventions()) > 0)

  call plain()
  call any_array()
  call loads()
  call turns()
  call saved()
  call refusals()
  call trust()
  if (failed > 0) error stop 1
  print '(a,": ",i0," steps, ",i0," voxels, bit for bit")', grainspin_version(), steps, product(n)

contains

  ! Single precision, (c,x,y,z): the program's own numbers.
  subroutine plain()
    type(grainspin_state) :: state
    type(grainspin_verdict) :: verdict
    type(grainspin_memory) :: memory
    integer(int8), allocatable :: verdicts(:,:,:)
    call model%estimate_memory(n, memory, status, message)
    call must("memory", status, message)
    call check("memory", memory%host > 0 .and. memory%saved > 0)
    progressed = 0
    call state%create(model, initial, status, message, progress=progress, log=log)
    call must("create", status, message)
    call check("extent", all(state%extent() == n))
    call state%advance(status, message, steps=2)
    do i = 3, steps
      call state%advance(status, message, verdict=verdict)
      call must("advance", status, message)
    end do
    call check("progress", progressed == steps)
    call check("verdict", verdict%steps == 1 .and. verdict%verdict /= grainspin_outside .and. verdict%stated, verdict%reason)
    call state%get_orientations(q, status, message)
    call must("orientations", status, message)
    call state%get_stress(s, status, message)
    call must("stress", status, message)
    call check("orientations are the program's", all(transfer(q, [0_int32]) == transfer(wanted, [0_int32])))
    call check("stress is the program's", all(transfer(s, [0_int32]) == transfer(wanted_stress, [0_int32])))
    allocate (verdicts(n(1), n(2), n(3)))
    call state%get_verdicts(verdicts, status, message)
    call must("verdicts", status, message)
    call check("verdicts", all(verdicts >= 0 .and. verdicts <= 2) .and. &
      count(verdicts == grainspin_doubtful) == verdict%voxels_doubtful)
  end subroutine

  ! Double precision, components last, a padded array (as of a real-to-complex transform), another representation.
  subroutine any_array()
    type(grainspin_state) :: state
    real(real64), allocatable :: padded(:,:,:,:), matrix(:,:,:,:)
    real(real64) :: w, x, y, z
    integer :: c
    allocate (padded(n(1) + 2, n(2), n(3), 6), matrix(9, n(1), n(2), n(3)))
    padded = -7
    do c = 1, 4
      padded(:n(1), :, :, c) = initial(c, :, :, :)
    end do
    call state%create(model, padded(:n(1), :, :, :4), status, message, components_last=.true.)
    call must("create from a section", status, message)
    call state%advance(status, message, steps=steps)
    call must("advance", status, message)
    padded(:n(1), :, :, :) = 0
    call state%get_stress(padded(:n(1), :, :, :), status, message, components_last=.true.)
    call must("stress into a section", status, message)
    do c = 1, 6
      call check("stress, double, components last", all(padded(:n(1), :, :, c) == real(wanted_stress(c, :, :, :), real64)))
    end do
    call check("padding is left alone", all(padded(n(1) + 1:, :, :, :) == -7))
    call state%get_orientations(matrix, status, message, representation=grainspin_matrix)
    call must("matrices", status, message)
    w = wanted(1, 2, 1, 1)
    x = wanted(2, 2, 1, 1)
    y = wanted(3, 2, 1, 1)
    z = wanted(4, 2, 1, 1)
    call check("a matrix, row by row", all(abs(matrix(:3, 2, 1, 1) - &  ! first row of R(q), the definition
      [w*w + x*x - y*y - z*z, 2*(x*y - w*z), 2*(x*z + w*y)]) < 1e-6))
  end subroutine

  ! The model's own loads handed in are what it takes by itself; found loads are Fortran matrices.
  subroutine loads()
    type(grainspin_state) :: state
    type(grainspin_load), allocatable :: own(:), shear(:), found(:)
    call model%loads(own, status, message)
    call must("own loads", status, message)
    call check("as many as steps", size(own) == info%own_steps)
    allocate (found(steps))
    call state%create(model, initial, status, message)
    call state%advance(status, message, loads=own(:steps), found=found)
    call must("advance by loads", status, message)
    call state%get_orientations(q, status, message)
    call check("own loads, handed in", all(transfer(q, [0_int32]) == transfer(wanted, [0_int32])))
    do i = 1, steps
      call check("prescribed components are found as they are", &
        all(pack(found(i)%gradient == own(i)%gradient, own(i)%prescribed)))
    end do
    call model%loads(shear, status, message, text="shear:xz:0.01:0.01")
    call must("loads by name", status, message)
    call check("shear xz", size(shear) == 1)
    ! docs/loads.md: shear:xz is dv_x/dz
    if (size(shear) == 1) call check("shear xz", shear(1)%gradient(1,3) > 0 .and. shear(1)%gradient(3,1) == 0)
  end subroutine

  ! Accept, go on, revert; set what another source gives.
  subroutine turns()
    type(grainspin_state) :: state, other
    real(real32), allocatable :: before(:,:,:,:)
    type(grainspin_state_info) :: now
    allocate (before, mold=q)
    call state%create(model, initial, status, message)
    call state%advance(status, message, steps=2)
    call state%accept(status, message)
    call must("accept", status, message)
    call state%get_orientations(before, status, message)
    call state%advance(status, message, steps=steps - 2)
    call state%revert(status, message)
    call must("revert", status, message)
    call state%query(now, status, message)
    call check("back at step 2", now%step == 2 .and. now%accepted == 2)
    call state%get_orientations(q, status, message)
    call check("revert", all(transfer(q, [0_int32]) == transfer(before, [0_int32])))
    call state%set_orientations(initial, status, message)
    call must("set", status, message)
    call state%get_orientations(q, status, message)
    call check("set", all(transfer(q, [0_int32]) == transfer(initial, [0_int32])))
    other = state  ! empty: handles are not copied
    call check("a copy is empty", all(other%extent() == 0) .and. all(state%extent() == n))
    call state%query(now, status, message)
    call must("the original stays", status, message)
  end subroutine

  subroutine saved()
    type(grainspin_state) :: state, again
    integer(int8), allocatable :: buffer(:)
    call state%create(model, initial, status, message)
    call state%advance(status, message, steps=2)
    call state%save("a state", status, message)
    call must("save", status, message)
    call state%save_memory(buffer, status, message)
    call must("save to memory", status, message)
    call again%restore(model, "a state", status, message)
    call must("restore", status, message)
    call check("extent of a restored state", all(again%extent() == n))
    call again%advance(status, message, steps=steps - 2)
    call again%get_orientations(q, status, message)
    call check("restored from a file", all(transfer(q, [0_int32]) == transfer(wanted, [0_int32])))
    call again%restore_memory(model, buffer, status, message)
    call must("restore from memory", status, message)
    call again%advance(status, message, steps=steps - 2)
    call again%get_orientations(q, status, message)
    call check("restored from memory", all(transfer(q, [0_int32]) == transfer(wanted, [0_int32])))
    call again%restore_memory(model, buffer(:10), status, message)
    call refused("half a state", status, message, grainspin_error_format, "")
  end subroutine

  ! An ensemble that knows how far off it is, of the same folder: one of its members, all of them.
  subroutine trust()
    type(grainspin_model) :: one, both
    type(grainspin_state) :: state
    type(grainspin_load), allocatable :: steps_of(:)
    type(grainspin_error_estimate) :: mean
    type(grainspin_memory) :: with, without
    real(real64), allocatable :: e(:,:,:)
    real(real32), allocatable :: e4(:,:,:)
    character(:), allocatable :: ensemble
    ensemble = path(:index(path, "/", back=.true.)) // "cu.safetensors"
    call both%load(ensemble, status, message, device=grainspin_host, threads=1)
    call must("load an ensemble", status, message)
    call both%query(info, status, message)
    call check("its members", info%members == 2 .and. info%estimates_error)
    call one%load(ensemble, status, message, device=grainspin_host, threads=1, members=7)
    call refused("seven members", status, message, grainspin_error_argument, "7 members")
    call one%load(ensemble, status, message, device=grainspin_host, threads=1, members=1)
    call must("load one member", status, message)
    call one%query(info, status, message)
    call check("one member", info%members == 1 .and. info%estimates_error)
    call one%estimate_memory(n, without, status, message)
    call one%estimate_memory(n, with, status, message, estimate_error=.true.)
    call check("what it takes", with%host - without%host == 24_int64 * product(int(n, int64)))
    call one%loads(steps_of, status, message, text="uniaxial:z:0.02:0.01")
    call state%create(one, initial, status, message, estimate_error=.true.)
    call must("create", status, message)
    call state%advance(status, message, loads=steps_of)
    call must("advance", status, message)
    call state%estimated_error(mean, status, message)
    call must("estimated error", status, message)
    allocate (e(n(1), n(2), n(3)), e4(n(1), n(2), n(3)))
    call state%get_estimated_error(e, status, message)
    call must("of each voxel", status, message)
    call state%get_estimated_error(e4, status, message)
    call must("of each voxel, single", status, message)
    call check("estimated error", all(e > 0) .and. abs(sum(e) / size(e) - mean%expected) < 1e-6 * mean%expected .and. &
      all(e4 == real(e, real32)) .and. mean%radius(1) < mean%radius(2) .and. mean%radius(2) < mean%radius(3))
    call state%get_estimated_error(e(:, :, 2:), status, message)
    call refused("a part of the grid", status, message, grainspin_error_shape, "estimated error")
    call state%create(model, initial, status, message, estimate_error=.true.)
    call refused("a model that makes none", status, message, grainspin_error_argument, "makes no estimate")
  end subroutine

  subroutine refusals()
    type(grainspin_state) :: state
    type(grainspin_array) :: there
    call state%advance(status, message)
    call refused("a state that is not there", status, message, grainspin_error_argument, "")
    call state%create(model, wanted_stress, status, message)
    call refused("six components", status, message, grainspin_error_shape, "(4,")
    call state%create(model, initial(:, n(1):1:-1, :, :), status, message)
    call refused("backwards", status, message, grainspin_error_shape, "negative stride")
    call state%create(model, initial, status, message, mask=reshape([.true.], [1, 1, 1]))
    call refused("a mask of another shape", status, message, grainspin_error_shape, "mask")
    ! GPU memory by its address: this model runs on the CPU.
    there = grainspin_array(data=c_loc(initial), count=size(initial, kind=c_int64_t), place=grainspin_cuda)
    call state%create(model, there, int(n, c_int64_t), status, message)
    call refused("memory of a GPU", status, message, grainspin_error_device, "runs on the CPU")
    there%place = grainspin_host
    call state%create(model, there, int(n, c_int64_t), status, message, stream=c_loc(initial))
    call refused("a stream without a GPU", status, message, grainspin_error_argument, "stream")
    call state%create(model, initial, status, message, progress=progress)
    call state%get_stress(s, status, message)
    call refused("stress before the first step", status, message, grainspin_error_argument, "step")
    call state%get_stress(q, status, message)
    call refused("stress into four components", status, message, grainspin_error_shape, "(6,")
    stop_after = progressed + 2
    call state%advance(status, message, steps=3)
    call check("stopped by the callback", status == grainspin_interrupted)
    stop_after = 0
  end subroutine
end program
