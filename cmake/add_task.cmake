# add_task(steam_news) builds tasks/steam_news/main.cpp into bin/steam-news and installs it.
function(add_task name)
  string(REPLACE "_" "-" binary ${name})
  add_executable(${binary} ${name}/main.cpp)
  target_link_libraries(${binary} PRIVATE steamflow_common)
  install(TARGETS ${binary} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
