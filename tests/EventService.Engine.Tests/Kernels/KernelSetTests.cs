using System.Runtime.Intrinsics;

using EventService.Engine.Kernels;

namespace EventService.Engine.Tests.Kernels;

[Collection(KernelSetCollection.Name)]
public sealed class KernelSetTests
{
    [Theory]
    [InlineData("scalar", VectorPath.Scalar)]
    [InlineData("128", VectorPath.V128)]
    [InlineData("256", VectorPath.V256)]
    [InlineData("512", VectorPath.V512)]
    public void Choose_WithASetting_ForcesThatPath(string setting, VectorPath expected)
    {
        var (path, reason) = KernelSet.Choose(setting);

        Assert.Equal(expected, path);
        Assert.Contains(KernelSet.Variable, reason, StringComparison.Ordinal);
        Assert.Equal(setting, KernelSet.Name(path));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Choose_WithoutASetting_TakesTheWidestTheProcessorHas(string? setting)
    {
        var expected = Vector512.IsHardwareAccelerated ? VectorPath.V512
            : Vector256.IsHardwareAccelerated ? VectorPath.V256
            : Vector128.IsHardwareAccelerated ? VectorPath.V128
            : VectorPath.Scalar;

        Assert.Equal(expected, KernelSet.Choose(setting).Path);
    }

    [Fact]
    public void Choose_UnknownSetting_NamesTheSettingsThereAre()
    {
        var e = Assert.Throws<ArgumentException>(() => KernelSet.Choose("avx2"));

        Assert.Equal(
            "EVENTSERVICE_VECTOR_PATH is 'avx2'. Expected scalar, 128, 256 or 512; "
                + "leave it unset to take the widest that the processor has.",
            e.Message);
    }

    [Fact]
    public void Describe_ForcedPath_SaysWhichAndWhy()
    {
        using var forced = new ForcedPath(VectorPath.Scalar);

        Assert.Equal("Vector path scalar (forced by code)", KernelSet.Describe());
    }
}
