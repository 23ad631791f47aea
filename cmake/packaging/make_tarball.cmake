# CPack runs this on the installed files to create the relocatable tarball. The archives that CPack
# itself creates contain the files in the order of the file system, and the owner of the build.
set(folder ${CPACK_TEMPORARY_DIRECTORY})
execute_process(COMMAND ${CPACK_STEAMFLOW_LIBRARIES} bundle ${folder}/bin ${folder}
                COMMAND_ERROR_IS_FATAL ANY)
get_filename_component(parent ${folder} DIRECTORY)
get_filename_component(name ${folder} NAME)
set(tarball ${CPACK_TOPLEVEL_DIRECTORY}/${CPACK_PACKAGE_FILE_NAME}.tar.gz)
execute_process(
  COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C tar --create --format=gnu --sort=name --numeric-owner
          --owner=0 --group=0 --mtime=@${CPACK_STEAMFLOW_EPOCH} --directory ${parent} ${name}
  COMMAND gzip --best --no-name
  OUTPUT_FILE ${tarball} COMMAND_ERROR_IS_FATAL ANY)
set(CPACK_EXTERNAL_BUILT_PACKAGES ${tarball})
