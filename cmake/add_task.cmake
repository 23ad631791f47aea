# install_program(target): installs a program to bin/. The libraries of the relocatable package are in
# lib/steamflow beside it. The program gets a DT_RPATH, because a DT_RUNPATH would not apply to the libraries
# that a library needs.
function(install_program target)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/steamflow"
                                             BUILD_WITH_INSTALL_RPATH ON)
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
  install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# add_task(steam_news) builds tasks/steam_news/main.cpp into bin/steam-news and installs it. The other files in
# that folder become the object library steam_news_parts, which the tests of these modules link too.
function(add_task name)
  string(REPLACE "_" "-" binary ${name})
  set_property(GLOBAL APPEND PROPERTY STEAMFLOW_TASKS ${binary})
  add_executable(${binary} ${name}/main.cpp)
  target_link_libraries(${binary} PRIVATE steamflow_common)
  install_program(${binary})
  file(GLOB parts CONFIGURE_DEPENDS ${name}/*.cpp)
  list(REMOVE_ITEM parts ${CMAKE_CURRENT_SOURCE_DIR}/${name}/main.cpp)
  if(parts)
    add_library(${name}_parts OBJECT ${parts})
    target_include_directories(${name}_parts PUBLIC ${name})
    target_link_libraries(${name}_parts PUBLIC steamflow_common)
    target_link_libraries(${binary} PRIVATE ${name}_parts)
  endif()
endfunction()
