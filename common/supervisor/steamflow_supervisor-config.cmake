# find_package(steamflow_supervisor): the target steamflow::supervisor.
include(CMakeFindDependencyMacro)
find_dependency(fmt)
find_dependency(nlohmann_json)
find_dependency(tl-expected)
include(${CMAKE_CURRENT_LIST_DIR}/steamflow_supervisor-targets.cmake)
