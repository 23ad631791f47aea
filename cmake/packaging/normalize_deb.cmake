# CPack runs this on the packages that it has created. A Debian package is an archive of ar's, and
# CPack gives its members modes that depend on the umask. ar itself gives them 644.
set(members debian-binary control.tar.gz data.tar.gz)
set(folder ${CPACK_TEMPORARY_DIRECTORY})
foreach(package ${CPACK_PACKAGE_FILES})
  if(package MATCHES "\\.deb$")
    execute_process(COMMAND ${CPACK_STEAMFLOW_AR} x ${package} WORKING_DIRECTORY ${folder}
                    COMMAND_ERROR_IS_FATAL ANY)
    file(REMOVE ${package})
    execute_process(COMMAND ${CPACK_STEAMFLOW_AR} rcD ${package} ${members}
                    WORKING_DIRECTORY ${folder} COMMAND_ERROR_IS_FATAL ANY)
  endif()
endforeach()
