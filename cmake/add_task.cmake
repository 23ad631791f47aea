# install_program(target): into bin/. The libraries of the relocatable package are in lib/steamflow
# beside it. DT_RPATH rather than DT_RUNPATH, which would not hold for what a library needs in turn.
function(install_program target)
  set_target_properties(${target} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib/steamflow"
                                             BUILD_WITH_INSTALL_RPATH ON)
  target_link_options(${target} PRIVATE -Wl,--disable-new-dtags)
  install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()

# add_task(steam_news) builds tasks/steam_news/main.cpp into bin/steam-news and installs it.
function(add_task name)
  string(REPLACE "_" "-" binary ${name})
  add_executable(${binary} ${name}/main.cpp)
  target_link_libraries(${binary} PRIVATE steamflow_common)
  install_program(${binary})
endfunction()
