using System.Buffers.Binary;
using System.Text;

using EventService.Engine.Serialization;

namespace EventService.Engine.Tests.Serialization;

public sealed class SafeTensorsTests
{
    private static readonly Dictionary<string, string> s_metadata = new()
    {
        ["format"] = "pt",
        ["eventservice"] = """{"name":"ttbar \u00e9 \"quoted\""}""",
    };

    [Fact]
    public void Write_ThenRead_GivesTheSameTensorsAndMetadata()
    {
        SafeTensor[] tensors =
        [
            SafeTensor.FromFloats("w", [2, 3], [1, -2, 0.5f, 1e-45f, float.MaxValue, -0f]),
            new("b", SafeTensorType.F64, [1], BitConverter.GetBytes(0.1)),
            new("empty", SafeTensorType.I64, [0, 7], Array.Empty<byte>()),
            new("scalar", SafeTensorType.BOOL, [], new byte[] { 1 }),
        ];

        var file = SafeTensorsFile.Read(Write(s_metadata, tensors));

        Assert.Equal(s_metadata, file.Metadata);
        Assert.Equal(["b", "empty", "scalar", "w"], file.Tensors.Select(t => t.Name));
        foreach (var expected in tensors)
        {
            var found = file[expected.Name];
            Assert.Equal(expected.Type, found.Type);
            Assert.Equal(expected.Shape, found.Shape);
            Assert.Equal(expected.Data.ToArray(), found.Data.ToArray());
        }
    }

    [Fact]
    public void Write_OrderOfTensorsAndMetadata_DoesNotChangeTheBytes()
    {
        SafeTensor[] tensors = [SafeTensor.FromFloats("b", [1], [1]), SafeTensor.FromFloats("a", [1], [2])];

        var bytes = Write(s_metadata, tensors);

        Assert.Equal(bytes, Write(s_metadata.Reverse().ToDictionary(), tensors.Reverse()));
        Assert.Equal(0u, BinaryPrimitives.ReadUInt64LittleEndian(bytes) % 8);
    }

    [Fact]
    public void Write_TwoTensorsOfOneName_IsRefused()
    {
        var twice = SafeTensor.FromFloats("a", [1], [1]);
        var e = Assert.Throws<SafeTensorsException>(() => Write(s_metadata, [twice, twice]));
        Assert.Equal("Two tensors are named 'a'.", e.Message);
    }

    [Fact]
    public void Write_DataThatDoNotFitTheShape_IsRefused()
    {
        var e = Assert.Throws<SafeTensorsException>(() => Write(s_metadata, [SafeTensor.FromFloats("a", [2], [1])]));
        Assert.Equal("Tensor 'a': shape [2] of F32 takes 8 bytes, found 4.", e.Message);
    }

    // Bytes laid out by hand after the published format (huggingface/safetensors, README "Format"): not sorted by name,
    // not padded to eight bytes, trailing spaces, every type once. Values of F16 and BF16 from IEEE 754 and its truncation.
    [Fact]
    public void Read_ForeignFile_ConvertsEveryType()
    {
        const string header = """
            {"z":{"dtype":"F32","shape":[],"data_offsets":[0,4]}, "f64":{"shape":[1],"dtype":"F64","data_offsets":[4,12]},
            "f16":{"dtype":"F16","shape":[2],"data_offsets":[12,16]},"bf16":{"dtype":"BF16","shape":[1],"data_offsets":[16,18]},
            "i64":{"dtype":"I64","shape":[1],"data_offsets":[18,26]},"i32":{"dtype":"I32","shape":[1],"data_offsets":[26,30]},
            "i16":{"dtype":"I16","shape":[1],"data_offsets":[30,32]},"i8":{"dtype":"I8","shape":[1],"data_offsets":[32,33]},
            "u8":{"dtype":"U8","shape":[1],"data_offsets":[33,34]},"bool":{"dtype":"BOOL","shape":[1,1],"data_offsets":[34,35]},
            "__metadata__":{"format":"pt"}}   
            """;
        byte[] data =
        [
            0x00, 0x00, 0x80, 0x3F, // 1
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0xC0, // -2.5
            0x00, 0x3C, 0x00, 0xC0, // 1, -2
            0x40, 0x40, // 3
            0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, // -2
            0x00, 0x00, 0x01, 0x00, // 65536
            0x00, 0x80, // -32768
            0xFF, // -1
            0xFF, // 255
            0x01,
        ];

        var file = SafeTensorsFile.Read(File(header, data));

        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([1], file["z"].ToFloats());
        Assert.Equal([-2.5f], file["f64"].ToFloats());
        Assert.Equal([1, -2], file["f16"].ToFloats());
        Assert.Equal([3], file["bf16"].ToFloats());
        Assert.Equal([-2], file["i64"].ToFloats());
        Assert.Equal([65536], file["i32"].ToFloats());
        Assert.Equal([-32768], file["i16"].ToFloats());
        Assert.Equal([-1], file["i8"].ToFloats());
        Assert.Equal([255], file["u8"].ToFloats());
        Assert.Equal([1], file["bool"].ToFloats());
    }

    [Fact]
    public void Read_Stream_GivesTheSameAsMemory()
    {
        var bytes = Write(s_metadata, [SafeTensor.FromFloats("a", [2], [1, 2])]);
        Assert.Equal([1, 2], SafeTensorsFile.Read(new MemoryStream(bytes))["a"].ToFloats());
    }

    [Fact]
    public void Read_StreamOverTheBudget_IsRefused()
    {
        var e = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Read(new MemoryStream(new byte[101]), maximumBytes: 100));
        Assert.Equal("The file has 101 bytes, expected at most 100.", e.Message);
    }

    [Theory]
    [InlineData(float.NaN, "NaN")]
    [InlineData(float.PositiveInfinity, "Infinity")]
    public void ToFloats_NotFinite_IsRefusedOnlyWhereAsked(float value, string name)
    {
        var tensor = SafeTensor.FromFloats("w", [2], [0, value]);
        var e = Assert.Throws<SafeTensorsException>(() => tensor.ToFloats());
        Assert.Equal($"Tensor 'w' [2] of F32: element 1 is {name} as float32, expected a finite number.", e.Message);
        Assert.Equal([0, value], tensor.ToFloats(requireFinite: false));
    }

    [Fact]
    public void Indexer_UnknownName_ListsTheKnown()
    {
        var file = SafeTensorsFile.Read(Write(s_metadata, [SafeTensor.FromFloats("a", [1], [1])]));
        var e = Assert.Throws<SafeTensorsException>(() => file["x"]);
        Assert.Equal("Tensor 'x' not found among 1 tensors: 'a'.", e.Message);
    }

    [Theory]
    [InlineData("[]", "The header begins with byte 0x5B, expected '{'")]
    [InlineData("", "The header begins with nothing, expected '{'")]
    [InlineData("{", "The header is not valid JSON")]
    [InlineData("{} {}", "The header is not valid JSON")]
    [InlineData("""{"a":1}""", "Tensor 'a': found JSON Number, expected an object")]
    [InlineData("""{"a\ud800":1}""", "The header holds a string that is not Unicode text")]
    [InlineData("""{"__metadata__":{"a":1}}""", "__metadata__ 'a': found JSON Number, expected a string")]
    [InlineData("""{"__metadata__":null}""", "__metadata__: found JSON Null, expected an object of strings")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", "__metadata__ names 'a' twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", "The header names '__metadata__' twice")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\u0061":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "The header names 'a' twice")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", "Tensor 'a' gives dtype twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}""", "Tensor 'a' gives shape twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", "Tensor 'a' has no data_offsets")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", "Tensor 'a' has no dtype")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", "Tensor 'a' has no shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"code":"x"}}""", "Tensor 'a': found field 'code'")]
    [InlineData("""{"a":{"dtype":"0","shape":[2],"data_offsets":[0,8]}}""", "Tensor 'a': dtype '0' is not known, expected one of F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "Tensor 'a': shape holds -2, expected whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", "Tensor 'a': shape holds 2.5, expected whole numbers")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", "Tensor 'a': shape: found JSON String, expected whole numbers")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", "Tensor 'a': data_offsets are [0], expected [begin, end]")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "Tensor 'a': data_offsets are [8, 0], expected [begin, end]")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""",
        "Tensor 'a': shape [3] of F32 takes 12 bytes, data_offsets [0, 8] hold 8")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,16]}}""",
        "Tensor 'a': shape [4611686018427387905, 4] of F32 takes more than 2^63 bytes")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", "Tensor 'a': data_offsets [0, 16] reach beyond the 8 bytes of data")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "Tensor 'a': data begin at 4, expected 0 where the header ends: there is a hole")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""",
        "Tensor 'b': data begin at 4, expected 8 where tensor 'a' ends: tensors overlap")]
    [InlineData(
        """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""",
        "The tensors take 4 bytes of data, but 8 follow the header: 4 bytes belong to no tensor")]
    public void Read_WrongHeader_IsRefusedWithItsOwnSentence(string header, string sentence)
    {
        var e = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Read(File(header, new byte[8])));
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_InvalidUtf8_IsRefused()
    {
        var bytes = File("{\"a?\":{}}", []);
        bytes[8 + 3] = 0xFF;
        var e = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Read(bytes));
        Assert.Equal("The header is not valid UTF-8.", e.Message);
    }

    [Theory]
    [InlineData(0, "The file has 0 bytes, expected at least 8")]
    [InlineData(7, "The file has 7 bytes, expected at least 8")]
    public void Read_TooShort_IsRefused(int length, string sentence)
    {
        var e = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Read(new byte[length]));
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000_001UL, "The first eight bytes give a header of 100000001 bytes, expected at most 100000000.")]
    [InlineData(ulong.MaxValue, "The first eight bytes give a header of 18446744073709551615 bytes, expected at most 100000000.")]
    [InlineData(100UL, "The first eight bytes give a header of 100 bytes, but only 2 bytes follow.")]
    public void Read_HeaderLengthThatCannotBe_IsRefused(ulong length, string sentence)
    {
        var bytes = File("{}", []);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        var e = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Read(bytes));
        Assert.StartsWith(sentence, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[] { (byte)'P', (byte)'K', 3, 4, 0, 0, 8, 8, 0, 0 }, "zip archive")]
    [InlineData(new byte[] { 0x80, 2, 0x8A, 10, (byte)'l', 0xFC, (byte)'F', 0x9C, 0xF9, (byte)' ' }, "pickle")]
    [InlineData(new byte[] { 0x80, 4, 0x95 }, "pickle")]
    public void Read_ZipOrPickle_SaysHowToConvert(byte[] bytes, string kind)
    {
        var e = Assert.Throws<SafeTensorsException>(() => SafeTensorsFile.Read(bytes));
        Assert.StartsWith($"This is a {kind}, as torch.save writes it", e.Message, StringComparison.Ordinal);
        Assert.Contains(
            "safetensors.torch.save_file({k: v.clone().contiguous() for k, v in torch.load(", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_HeaderLengthThatLooksLikeAPickle_IsRead()
    {
        // 0x280 bytes of header: the file begins with 80 02, as a pickle of protocol 2 does.
        var bytes = File("{}".PadRight(0x280), []);
        Assert.Equal([0x80, 0x02], bytes[..2]);
        Assert.Empty(SafeTensorsFile.Read(bytes).Tensors);
    }

    [Fact]
    public void Read_200MutatedFiles_IsRefusedPreciselyOrStillValid()
    {
        var original = Write(s_metadata, [
            SafeTensor.FromFloats("layer.0.weight", [4, 3], new float[12]),
            SafeTensor.FromFloats("layer.0.bias", [4], new float[4]),
            new SafeTensor("steps", SafeTensorType.I64, [], new byte[8])]);
        var headerEnd = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(original);
        var random = new SplitMix64(20240601);
        var refused = 0;
        for (var i = 0; i < 200; i++)
        {
            var mutated = Mutate(original, headerEnd, ref random);
            try
            {
                var file = SafeTensorsFile.Read(mutated);
                foreach (var tensor in file.Tensors)
                {
                    Assert.Equal(tensor.Count, tensor.ToFloats(requireFinite: false).Length);
                }
            }
            catch (SafeTensorsException e)
            {
                Assert.Matches("^(The|This|Tensor|__metadata__) .*", e.Message);
                refused++;
            }
        }

        // Mutations of data, metadata text and padding leave a valid file; most of the header's do not.
        Assert.InRange(refused, 100, 199);
    }

    /// <summary>
    /// One to three of: a flipped bit, another byte, a digit, a cut, a doubled or a dropped stretch. Mostly in the header.
    /// </summary>
    private static byte[] Mutate(byte[] original, int headerEnd, ref SplitMix64 random)
    {
        var bytes = original.ToList();
        for (var k = 1 + random.Below(3); k > 0 && bytes.Count > 0; k--)
        {
            var at = random.Below(random.Below(8) == 0 ? bytes.Count : Math.Min(headerEnd, bytes.Count));
            var length = Math.Min(1 + random.Below(16), bytes.Count - at);
            switch (random.Below(6))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Below(8)); break;
                case 1: bytes[at] = (byte)random.Below(256); break;
                case 2: bytes[at] = (byte)('0' + random.Below(10)); break;
                case 3: bytes.RemoveRange(bytes.Count - length, length); break;
                case 4: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                default: bytes.RemoveRange(at, length); break;
            }
        }

        return [.. bytes];
    }

    private static byte[] Write(IReadOnlyDictionary<string, string> metadata, IEnumerable<SafeTensor> tensors)
    {
        using var stream = new MemoryStream();
        SafeTensorsWriter.Write(stream, metadata, tensors);
        return stream.ToArray();
    }

    private static byte[] File(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data];
    }

    /// <summary>Steele, Lea and Flood 2014: enough randomness for mutations, the same everywhere.</summary>
    private struct SplitMix64(ulong state)
    {
        public int Below(int bound)
        {
            state += 0x9E3779B97F4A7C15;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return (int)((z ^ (z >> 31)) % (ulong)bound);
        }
    }
}
