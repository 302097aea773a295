#include "kernel/container_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/support/temporary_folder.h"

namespace bailiff::kernel {
namespace {

using testing::HasSubstr;

const std::string kId = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

class ContainerFiles : public testing::Test {
protected:
    ContainerFiles() {
        std::filesystem::create_directories(folders.podman + "/overlay-containers");
        std::filesystem::create_directories(folders.docker + "/containers/" + kId);
    }
    void podman(const std::string& file, const std::string& text) const {
        tests::put_file(folders.podman + "/overlay-containers/" + file, text);
    }
    std::string find(const std::string& name) const {
        const auto found = find_container(name, folders);
        return found ? found->name + " of " + found->image : found.error().message();
    }

    tests::TemporaryFolder folder;
    const ContainerFolders folders{folder.file("podman"), folder.file("docker")};
};

TEST_F(ContainerFiles, PodmansListHasTheImageInItsMetadata) {
    podman("containers.json",
           R"([{"id":"ff","names":["no"]},{"id":")" + kId +
               R"(","names":["box"],"image":"abc","metadata":"{\"image-name\":\"busybox:1\"}"}])");
    EXPECT_EQ(find("podman/" + kId), "box of busybox:1");
}

TEST_F(ContainerFiles, AContainerThatDoesNotOutlastARebootIsInAListOfItsOwn) {
    podman("containers.json", "[]");
    podman("volatile-containers.json",
           R"([{"id":")" + kId + R"(","image":"abc","metadata":"none"}])");
    EXPECT_EQ(find("podman/" + kId), " of abc");
}

TEST_F(ContainerFiles, DockerHasAFolderForEach) {
    tests::put_file(folders.docker + "/containers/" + kId + "/config.v2.json",
                    R"({"Name":"/web","Image":"sha256:1","Config":{"Image":"nginx"}})");
    EXPECT_EQ(find("docker/" + kId), "web of nginx");
}

TEST_F(ContainerFiles, WhatIsNotThereOrNotUnderstoodIsAnError) {
    EXPECT_THAT(find("podman/" + kId), HasSubstr("no such container"));
    podman("containers.json", "[{");
    EXPECT_THAT(find("podman/" + kId), HasSubstr("containers.json"));
    podman("containers.json", R"({"id":1})");
    EXPECT_THAT(find("podman/" + kId), HasSubstr("no such container"));
    podman("containers.json", R"([7,{"id":7}])");
    EXPECT_THAT(find("podman/" + kId), HasSubstr("no such container"));
}

TEST_F(ContainerFiles, OnlyAWholeIdIsLookedFor) {
    const std::vector<std::string> names = {"podman/../../etc", "docker/" + kId + "/../x",
                                            "crio/" + kId};
    for (const std::string& name : names)
        EXPECT_THAT(find(name), HasSubstr("expected podman/ or docker/")) << name;
    EXPECT_THAT(find(""), HasSubstr("expected"));
}

} // namespace
} // namespace bailiff::kernel
